import { createServer } from "node:http";
import express from "express";
import { Redis } from "ioredis";
import { listen } from "./listen.ts";

/* What one would write in an afternoon: Express, its JSON parser, one XADD of the body, then the answer. */
const redis = new Redis(process.env["REDIS_URL"] ?? "");
const app = express();
app.use(express.json({ limit: "10mb" }));
app.post("/webhooks/alertmanager", async (request, response) => {
  await redis.xadd("alerts", "*", "body", JSON.stringify(request.body));
  response.status(202).json({ accepted: request.body.alerts.length, unchanged: 0 });
});
listen(createServer(app));
