/**
 * Files that people read: reports and logs. Paths are relative to the working directory; missing directories are made.
 * @throws AppError `unavailable` from both when the disk refuses; the message says what to do.
 */
export type Files = {
  /** Creates a file with this text, whole or not at all; one that exists stays as it is. On disk when it returns. */
  create(path: string, text: string): Promise<void>;
  /**
   * Appends a line in one write, unless a whole line of the file holds every part of `mark` already; `head` begins a new file.
   * On disk when it returns.
   */
  appendOnce(path: string, line: string, options: { mark: readonly string[]; head?: string }): Promise<void>;
};
