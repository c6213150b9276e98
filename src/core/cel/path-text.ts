/**
 * A value as it may be put into the path of a URL: one segment, or one value of a query, whatever it holds. A label of an alert is data
 * and never leads to another resource. `.` and `..` stay as they are; actions refuse a path with such a segment, also between encoded slashes.
 */
export function pathText(value: string): string {
  return encodeURIComponent(value.toWellFormed());
}
