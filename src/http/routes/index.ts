import type { Route } from "../route.ts";
import { decideRoutes } from "./decide.ts";
import { planRoute } from "./plan.ts";
import { readRoutes } from "./read.ts";

/** Every route under `/api/v1`. */
export const apiRoutes: readonly Route[] = [...readRoutes, planRoute, ...decideRoutes];
