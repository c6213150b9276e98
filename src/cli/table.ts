import type { Io } from "./io.ts";
import { clean, paint, type Style } from "./text.ts";

/** A cell is text, with a colour if it has a meaning. */
export type Cell = string | { text: string; style: Style };
export type Column<T> = { title: string; cell: (row: T) => Cell };

const GAP = "  ";

/** Rows under titles, aligned; foreign text is cleaned, and on a terminal each line is cut to its width. */
export function table<T>(io: Pick<Io, "color" | "columns">, columns: readonly Column<T>[], rows: readonly T[]): string {
  const body = rows.map((row) => columns.map(({ cell }) => plainCell(cell(row))));
  const head = columns.map(({ title }) => ({ text: title.toUpperCase(), style: "dim" as const }));
  const widths = columns.map((_, index) => Math.max(...[head, ...body].map((row) => width(row[index]?.text ?? ""))));
  return [head, ...body].map((row) => line(io, row, widths)).join("\n");
}

/** `name  value` lines, the names aligned; empty values are left out. */
export function fields(io: Pick<Io, "color" | "columns">, rows: readonly (readonly [string, Cell])[]): string {
  const kept = rows
    .map(([name, cell]) => [clean(name), plainCell(cell)] as const)
    .filter(([, cell]) => cell.text !== "");
  const widest = Math.max(0, ...kept.map(([name]) => width(name)));
  return kept.map(([name, cell]) => line(io, [{ text: name, style: "dim" }, cell], [widest, 0])).join("\n");
}

type PlainCell = { text: string; style?: Style };

function plainCell(cell: Cell): PlainCell {
  return typeof cell === "string" ? { text: clean(cell) } : { text: clean(cell.text), style: cell.style };
}

function line(io: Pick<Io, "color" | "columns">, cells: readonly PlainCell[], widths: readonly number[]): string {
  let room = io.columns ?? Number.POSITIVE_INFINITY;
  const parts: string[] = [];
  for (const [index, cell] of cells.entries()) {
    if (room <= 0) break;
    const text = cut(cell.text, room);
    const last = index === cells.length - 1;
    const padding = last ? "" : " ".repeat(Math.max(0, (widths[index] ?? 0) - width(text)));
    parts.push((cell.style === undefined ? text : paint(io, cell.style, text)) + padding);
    room -= Math.max(widths[index] ?? 0, width(text)) + GAP.length;
  }
  return parts.join(GAP).trimEnd();
}

function cut(text: string, room: number): string {
  const characters = [...text];
  return characters.length <= room ? text : `${characters.slice(0, Math.max(0, room - 1)).join("")}…`;
}

/** Columns of a terminal, near enough: one per character, none for combining marks. */
function width(text: string): number {
  return [...text.replace(/\p{M}/gu, "")].length;
}
