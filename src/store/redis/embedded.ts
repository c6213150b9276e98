export { type EmbeddedRedis, type EmbeddedRedisOptions, startEmbeddedRedis } from "../embedded/index.ts";
