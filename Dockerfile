# The production image of the reference project.

# A separate stage, so that a change of the source does not install the packages again.
FROM python:3.13-slim AS packages

ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
WORKDIR /app
COPY requirements.txt .
RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt


FROM packages AS build

COPY . .
# The settings require both variables; collectstatic uses neither.
RUN SECRET_KEY=unused DATABASE_URL=sqlite://:memory: python manage.py collectstatic --noinput


FROM python:3.13-slim

# Install security updates that are newer than the base image.
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \
    --mount=type=cache,target=/var/lib/apt,sharing=locked \
    rm -f /etc/apt/apt.conf.d/docker-clean \
    && apt-get update && apt-get upgrade -y --no-install-recommends

RUN useradd --system --uid 10001 --no-create-home hero
COPY --from=packages /venv /venv
COPY --from=build /app /app
WORKDIR /app
# Numeric, so that orchestrators can verify that it is not root.
USER 10001

# gunicorn reads PORT and WEB_CONCURRENCY (the number of workers) itself.
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PORT=8000 WEB_CONCURRENCY=2
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/live', timeout=4)"]
CMD ["gunicorn", "superheroes.wsgi", "--access-logfile", "-", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
