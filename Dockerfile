# One image for every process: `docker run IMAGE gatecall COMMAND`. Development requirements are not in it.

FROM python:3.11-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /venv
WORKDIR /src
# Requirements first: this layer stays while the code changes.
COPY requirements.txt ./
RUN /venv/bin/pip install --require-hashes --no-deps -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY watchers watchers
COPY consumers consumers
COPY scripts scripts
RUN /venv/bin/pip install --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin gatecall
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 LOG_FORMAT=json
USER 10001
WORKDIR /
EXPOSE 8080 9100
CMD ["gatecall", "web"]
