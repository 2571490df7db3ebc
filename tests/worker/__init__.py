"""The AI worker on a real PostgreSQL and a real Redis, with scripted endpoints."""
