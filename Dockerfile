# Kedge in a container. NOT RUN by us: no engine was at hand when this was written; a test checks what can be checked of the file alone. Tell us what it lacks.
#
#   docker build --tag kedge .
#   docker run --rm --volume kedge:/site kedge init /site --name street-7
#   docker run --detach --name kedge --volume kedge:/site --publish 127.0.0.1:1883:1883 --publish 127.0.0.1:8787:8787 --read-only --tmpfs /tmp --cap-drop ALL kedge
#
# In the config: broker.host and api.host 0.0.0.0, and broker.plaintext: true; who gets there from outside the ports above say. docs/docker.md goes through it.

# The whole image, for python3, make and g++, which SQLite is compiled with where npm finds no prebuilt one.
FROM node:22.22.0-bookworm AS build
WORKDIR /app
COPY . .
RUN node .ci/setup.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:22.22.0-bookworm-slim
LABEL org.opencontainers.image.title="kedge" org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/package.json /app/LICENSE /app/README.md /app/OPERATING.md /app/kedge.example.yaml ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist/agent dist/agent
COPY --from=build /app/dist/broker dist/broker
COPY --from=build /app/dist/sim dist/sim
COPY --from=build /app/dist/contracts dist/contracts
COPY --from=build /app/dist/web dist/web
# The site: log, keys and config. Without a volume it is gone with the container.
RUN mkdir /site && chown node:node /site
VOLUME /site
USER node
WORKDIR /site
# MQTT, MQTT with TLS, HTTP.
EXPOSE 1883 8883 8787
# 1 is a status with warnings: they are for the owner, and no reason for an engine to start the agent again. It is frozen (5), or does not answer (3).
HEALTHCHECK --interval=60s --timeout=10s --start-period=120s CMD node /app/dist/agent/cli/kedge.js status --config /site/kedge.yaml >/dev/null; [ $? -le 1 ]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/agent/cli/kedge.js"]
CMD ["run", "--config", "/site/kedge.yaml"]
