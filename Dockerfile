# Two images: `flink`, the official one with the Kafka connector, which it lacks; and `gateway`, the default.

FROM maven:3.9-eclipse-temurin-17 AS connector
ARG KAFKA_CONNECTOR=org.apache.flink:flink-sql-connector-kafka:5.0.0-2.2
RUN mvn --batch-mode --no-transfer-progress \
    org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy \
    -Dartifact=${KAFKA_CONNECTOR} -DoutputDirectory=/jars

FROM flink:2.3.0-java17 AS flink
COPY --from=connector --chown=flink:flink /jars/ /opt/flink/lib/
# Made here, so that a volume mounted there belongs to the user that Flink runs as.
RUN mkdir -p /opt/flink/state/checkpoints /opt/flink/state/savepoints

FROM node:24-slim AS gateway
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Exact versions, by the lock file; `npm ci` would refuse it, as it names the binaries of some platforms only.
# Without scripts: the only one fetches Node.js itself, which is here already.
RUN npm install --no-save --omit=dev --ignore-scripts && npm cache clean --force
COPY bin ./bin
COPY src ./src
COPY schema ./schema
USER node
ENV SLUICE_HOST=0.0.0.0 PORT=4000
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "bin/sluice.js"]
