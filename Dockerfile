# Node runs the TypeScript sources directly: nothing is built. The tag is the version pinned in package-lock.json.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

# The gateway simulator of docker-compose.yml: plain node:http, no packages.
FROM node:24.21.0-bookworm-slim AS demo
WORKDIR /app
COPY package.json ./
COPY demo ./demo
USER 1000:1000
EXPOSE 8090
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8090/health').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "demo/gateway.ts", "--host", "0.0.0.0", "--port", "8090"]

FROM node:24.21.0-bookworm-slim AS stanch
ENV NODE_ENV=production
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE ./
COPY src ./src
COPY playbooks ./playbooks
RUN mkdir node_modules/.cache && chown 1000:1000 node_modules/.cache
USER 1000:1000
# Fills the compile cache, which the containers' read-only file system keeps from being written: a start takes a quarter of the
# time and some megabytes less. Without a configuration `serve` loads all that needs none, and ends; the second line loads what
# waits for one. The cache is for this user id only.
RUN node --max-semi-space-size=8 src/main.ts serve 2>&1 | grep "stanch.yaml cannot be read"
RUN NODE_COMPILE_CACHE=node_modules/.cache/stanch node --max-semi-space-size=8 -e '["./src/chat/slack/index.ts", \
  "@aws-sdk/client-ecs", "@aws-sdk/client-sns", "@kubernetes/client-node"].map((one) => import(one))'
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 8080) + '/-/healthy').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--max-semi-space-size=8", "src/main.ts"]
CMD ["serve"]
