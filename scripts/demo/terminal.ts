import { stripVTControlCharacters, styleText } from "node:util";

/** Prints the story: chapters, and under each the lines of what happened, with the seconds since the start. */
export type Terminal = {
  chapter(title: string): void;
  line(text: string): void;
  /** An indented line without a time, for what belongs to the line before. */
  detail(text: string): void;
  good(text: string): void;
  bad(text: string): void;
  seconds(): number;
};

type Style = Parameters<typeof styleText>[0];

/** Honours NO_COLOR and a terminal that is none. Control characters in what comes from outside are removed. */
export function createTerminal(): Terminal {
  const started = performance.now();
  let chapters = 0;
  const seconds = () => (performance.now() - started) / 1000;
  const styled = (style: Style, text: string) => styleText(style, text, { stream: process.stdout });
  const write = (text: string) => process.stdout.write(`${text}\n`);
  const timed = (style: Style | undefined, text: string) => {
    const clean = stripVTControlCharacters(text);
    const time = styled("dim", `${seconds().toFixed(1).padStart(6)} s`);
    write(`${time}  ${style === undefined ? clean : styled(style, clean)}`);
  };
  return {
    seconds,
    chapter(title) {
      chapters += 1;
      write(`\n${styled("bold", `${chapters}. ${title}`)}`);
    },
    line: (text) => timed(undefined, text),
    detail: (text) => write(`          ${styled("dim", stripVTControlCharacters(text))}`),
    good: (text) => timed("green", text),
    bad: (text) => timed("red", text),
  };
}

/** `7 %`, `0.5 %`. */
export function percent(share: number): string {
  return `${share > 0 && share < 0.1 ? (share * 100).toFixed(1) : Math.round(share * 100)} %`;
}
