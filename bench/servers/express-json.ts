import { createServer } from "node:http";
import express from "express";
import { listen } from "./listen.ts";

/* The bare minimum: Express, its JSON parser, an answer. Nothing is kept. */
const app = express();
app.use(express.json({ limit: "10mb" }));
app.post("/webhooks/alertmanager", (request, response) => {
  response.status(202).json({ accepted: request.body.alerts.length, unchanged: 0 });
});
listen(createServer(app));
