# The portal: one image for web, worker, mailer, beat and migrate. docker-compose.yml starts each.
FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /opt/packages
COPY requirements.txt /tmp/
RUN /opt/packages/bin/pip install --no-cache-dir --require-hashes -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/packages/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/var/lib/portal \
    STATIC_ROOT=/app/collected
RUN useradd --system --uid 10001 --home-dir /var/lib/portal --create-home portal
COPY --from=packages /opt/packages /opt/packages
WORKDIR /app
COPY . .
# collectstatic needs settings to start, but none of these values. They do not stay in the image.
RUN DEMO=yes SECRET_KEY=demo- CREDENTIAL_KEYS=demoAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= REDIS_URL=redis://none VAR_DIR=/tmp/var \
    python manage.py collectstatic --noinput && rm -r /tmp/var
USER portal
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["script/healthy"]
CMD ["script/process", "web"]
