import type { ECSClientConfig } from "@aws-sdk/client-ecs";
import type { Dispatcher } from "undici";
import type { Milliseconds } from "../../core/time.ts";
import { type NoAnswer, send } from "../http/send.ts";

const ANSWER_LIMIT = 4 * 1024 * 1024;

/** What one call hands through the SDK to the transport; `state` tells how far the call has come. */
export type EcsSend = {
  /** Not called `abortSignal`: the SDK would answer it by itself, and whether anything was written would be lost. */
  stop: AbortSignal;
  requestTimeout: Milliseconds;
  state: { handed: boolean; status: number | undefined; body?: Uint8Array };
  fence?: () => void;
};

/** No answer came; carried through the SDK's layers as an error. */
export class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";
  readonly none: NoAnswer;

  constructor(none: NoAnswer) {
    super(none.detail);
    this.none = none;
  }
}

type Handler = Extract<NonNullable<ECSClientConfig["requestHandler"]>, { handle: unknown }>;
type SdkRequest = Parameters<Handler["handle"]>[0];
type SdkAnswer = Awaited<ReturnType<Handler["handle"]>>;

/**
 * The SDK's HTTP layer on our own `send`: the fence is called right before the socket write, and whether anything was written is
 * known afterwards. The SDK's own handler offers neither.
 */
export function ecsTransport(dispatcher: Dispatcher): Handler {
  return {
    metadata: { handlerProtocol: "http/1.1" },
    async handle(request: SdkRequest, options?: object): Promise<SdkAnswer> {
      if (!isEcsSend(options)) throw new TypeError("an ECS call without its options");
      const { stop: signal, requestTimeout: timeout, state, fence } = options;
      state.handed = true;
      const sent = await send({
        dispatcher,
        method: request.method,
        url: urlOf(request),
        headers: request.headers,
        body: request.body,
        timeout,
        signal,
        limit: ANSWER_LIMIT,
        ...(fence && { fence }),
      });
      if (!sent.ok) throw new NoAnswerError(sent);
      const { status, headers, body } = sent.answer;
      state.status = status;
      state.body = body;
      return { response: { statusCode: status, headers: { ...headers }, body } };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
  };
}

function isEcsSend(options: object | undefined): options is EcsSend {
  return options !== undefined && "state" in options && "stop" in options;
}

function urlOf({ protocol, hostname, port, path }: SdkRequest): URL {
  return new URL(path, `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}`);
}
