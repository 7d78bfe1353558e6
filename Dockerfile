# An image of the service. `docker build -t rx-review .`; compose.yaml runs it beside a PostgreSQL.
# Where the usual places are not reached: --build-arg PYTHON_IMAGE=… names a mirror of the base image,
# --build-arg PIP_INDEX_URL=… one of the package index.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

# durable-rules is C and published as source only: the compiler stays in this stage.
FROM ${PYTHON_IMAGE} AS build
ARG PIP_INDEX_URL
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
WORKDIR /build
COPY requirements.lock ./
# Every package is compared with the lock's hashes; the image then gets only those that the service needs.
RUN awk '/^[A-Za-z0-9]/ { list = /^durable-rules==/ ? "source.txt" : "wheels.txt" } { print > list }' requirements.lock \
    && pip wheel --no-deps --require-hashes -w wheels -r wheels.txt \
    && pip install --no-index --find-links wheels setuptools wheel hatchling \
    && pip wheel --no-deps --require-hashes --no-build-isolation -w wheels -r source.txt
COPY pyproject.toml README.md LICENSE ./
COPY rules rules
COPY formulary formulary
COPY src src
RUN pip wheel --no-deps --no-build-isolation -w wheels . \
    && python -m venv /opt/rx-review \
    && /opt/rx-review/bin/pip install --no-index --find-links wheels rx-review \
    && /opt/rx-review/bin/pip uninstall -y pip setuptools

FROM ${PYTHON_IMAGE}
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin rx-review \
    && install -d -o rx-review -g rx-review -m 0700 /var/lib/rx-review /var/cache/rx-review
COPY --from=build /opt/rx-review /opt/rx-review
ENV PATH=/opt/rx-review/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    RX_DATA_DIR=/var/lib/rx-review \
    RX_CACHE_DIR=/var/cache/rx-review
USER rx-review
VOLUME /var/lib/rx-review
EXPOSE 8070
# With TLS inside the container, give a check of your own: this one speaks plain HTTP.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8070/livez', timeout=3)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["rx-review"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8070"]
