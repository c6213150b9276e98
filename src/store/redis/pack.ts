import { type Sighting, type SourceName, tellsChanges } from "../../core/alert.ts";
import type { ContentHash } from "../../core/content.ts";
import { HEAD_BYTES } from "./accept-script.ts";
import { BLOCK_BYTES, CHANGE_FLAG, ENDS_FLAG, STATUS } from "./episode-rules-script.ts";

/** Which body: 12 bytes for its group, 16 for its digest, as latin1 strings. `aside`: the script gets a name for it. */
export type BodyKey = { source: SourceName; group: string; digest: string; aside?: boolean };

/** Of a key without the source's name. */
const KEY_BYTES = 30;
/** Flags, block, and the length of the fingerprint. */
const ITEM_BYTES = 1 + BLOCK_BYTES + 4;

/** How alerts are packed; a packer remembers one alert (see `contentOf`). */
export type PackBody = (key: BodyKey, alerts: readonly Sighting[]) => Buffer;

/**
 * A body's argument for the accept script, one buffer, because each argument of a command costs more than its bytes. The key: source,
 * group and digest; alone it only asks for a repeat. Then, in columns, which Lua reads at one go: how many alerts, whether their
 * fingerprints are distinct, each one's flags, block (starts, ends, content hash) and fingerprint, and last their fingerprints as JSON.
 */
export function bodyPacker(contentOf: (alert: Sighting) => ContentHash): PackBody {
  return (key, alerts) => {
    if (alerts.length === 0) return packKey(key, 0).packed;
    const fingerprints = alerts.map(({ fingerprint }) => fingerprint);
    const names = JSON.stringify(fingerprints);
    const { packed, at } = packKey(key, HEAD_BYTES + ITEM_BYTES * alerts.length + 6 * names.length);
    const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
    view.setUint32(at, alerts.length);
    view.setUint8(at + 4, new Set(fingerprints).size === alerts.length ? 1 : 0);
    let flagsAt = at + HEAD_BYTES;
    let blockAt = flagsAt + alerts.length;
    let textAt = blockAt + BLOCK_BYTES * alerts.length;
    const isChange = tellsChanges(key.source);
    for (const alert of alerts) {
      const ends = alert.endsAt ?? (isChange ? alert.startsAt : undefined);
      view.setUint8(
        flagsAt++,
        STATUS[alert.status] + (ends === undefined ? 0 : ENDS_FLAG) + (isChange ? CHANGE_FLAG : 0),
      );
      writeBlock(view, blockAt, [alert.startsAt, ends ?? 0], contentOf(alert));
      blockAt += BLOCK_BYTES;
      const end = writeText(packed, alert.fingerprint, textAt + 4);
      view.setUint32(textAt, end - textAt - 4);
      textAt = end;
    }
    return packed.subarray(0, textAt + packed.write(names, textAt));
  };
}

function packKey({ source, group, digest, aside }: BodyKey, rest: number): { packed: Buffer; at: number } {
  const packed = Buffer.allocUnsafe(KEY_BYTES + source.length + rest);
  packed[0] = aside ? 1 : 0;
  packed[1] = source.length;
  const at = writeText(packed, source, 2);
  return { packed, at: at + packed.write(group + digest, at, "latin1") };
}

type Pair = readonly [number, number];

function writeBlock(view: DataView, at: number, [starts, ends]: Pair, [high, low]: Pair): void {
  view.setFloat64(at, starts);
  view.setFloat64(at + 8, ends);
  view.setUint32(at + 16, high);
  view.setUint32(at + 20, low);
}

/** Writes UTF-8 and returns where it ends. ASCII, which nearly all of it is, goes without a call into the runtime. */
function writeText(packed: Buffer, text: string, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 127) return at + packed.write(text, at);
    packed[at + i] = unit;
  }
  return at + text.length;
}
