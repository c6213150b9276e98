import { z } from "zod";

/** A silence as Alertmanager's API v2 gives it. */
export const Silence = z.object({
  id: z.string(),
  comment: z.string(),
  endsAt: z.string(),
  status: z.object({ state: z.enum(["expired", "active", "pending"]) }),
});
export type Silence = z.infer<typeof Silence>;

/** True while it mutes alerts or is going to. */
export function isLive({ status }: Silence): boolean {
  return status.state !== "expired";
}
