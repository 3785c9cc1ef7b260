"""Tells the office of new contact requests, by mail or webhook, in a thread of its own: a visitor never waits, and a crash loses none."""

from __future__ import annotations

import http.client
import json
import logging
import os
import smtplib
import ssl
import threading
import urllib.request
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formatdate, make_msgid

from bot import settings, store
from bot.settings import Notices, Smtp
from bot.store import Contact, StoreError

SMTP_PASSWORD_VARIABLE = "BOT_SMTP_PASSWORD"
WEBHOOK_TOKEN_VARIABLE = "BOT_WEBHOOK_TOKEN"
SEND_SECONDS = 20  # a mail server may look up the sender first; RFC 5321 allows it minutes, but the next try is not far
RETRY = timedelta(minutes=1)  # before the second try, then doubled each time (bot/store.py)
LOOK_SECONDS = 30  # between two looks for notices that are due again

logger = logging.getLogger(__name__)
_wake = threading.Event()
_starting = threading.Lock()
_thread: threading.Thread | None = None


class NoticeError(RuntimeError):
    """A notice could not be sent; the text says why."""


def wake() -> None:
    """Has the notices that are due sent soon, if the settings say how; returns at once."""
    global _thread
    notices = settings.in_force().notices
    if not (notices.smtp or notices.webhook):
        return
    with _starting:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_work, name="notices", daemon=True)
            _thread.start()
    _wake.set()


def _work() -> None:
    """Sends what is due, for as long as the process lives."""
    while True:
        _wake.clear()
        try:
            send_due(settings.in_force().notices, store.in_force())
        except StoreError as error:
            logger.error("Notices of contact requests wait: %s", error)
        _wake.wait(LOOK_SECONDS)


def send_due(notices: Notices, contacts: store.Store) -> None:
    """Sends every notice that is due; one that fails is due again later, and the others are sent all the same.

    Raises:
        StoreError: the database cannot be used.
    """
    while contact := contacts.claim_notice(RETRY):
        try:
            _mail(notices.smtp, contact) if notices.smtp else _post(str(notices.webhook), contact)
        except (NoticeError, OSError, smtplib.SMTPException, http.client.HTTPException) as error:
            logger.error("The notice of request %s was not sent and will be tried again: %s", contact.reference, error)
        else:
            contacts.mark_notified(contact.request)


def _mail(smtp: Smtp, contact: Contact) -> None:
    message = EmailMessage()
    message["Subject"] = f"Contact request {contact.reference}"
    message["From"], message["To"] = smtp.sender, smtp.to
    if contact.email.isascii():  # for others many mail servers refuse the whole message
        message["Reply-To"] = contact.email
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(contact.reference.lower(), smtp.sender.split("@")[1])
    rows = ("Name", contact.name), ("E-mail", contact.email), ("Phone", contact.phone or "not given"), ("About", contact.about or "not given")
    received = f"{contact.created_at:%Y-%m-%d %H:%M} UTC"
    message.set_content("\n".join(f"{label}: {text}" for label, text in (*rows, ("Received", received), ("Reference", contact.reference))))
    trusted = ssl.create_default_context()
    if smtp.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(smtp.host, smtp.port, timeout=SEND_SECONDS, context=trusted)
    else:
        server = smtplib.SMTP(smtp.host, smtp.port, timeout=SEND_SECONDS)
    with server:
        if smtp.security == "starttls":
            server.starttls(context=trusted)
        if smtp.user:
            server.login(smtp.user, _secret(SMTP_PASSWORD_VARIABLE))
        server.send_message(message)


def _post(url: str, contact: Contact) -> None:
    body = {
        "reference": contact.reference,
        "request": contact.request,
        "received": f"{contact.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "name": contact.name,
        "email": contact.email,
        "phone": contact.phone,
        "about": contact.about,
    }
    headers = {"Content-Type": "application/json", "Idempotency-Key": contact.request}
    if token := os.environ.get(WEBHOOK_TOKEN_VARIABLE):
        headers["Authorization"] = f"Bearer {token}"
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=SEND_SECONDS):
        pass  # a status of 400 or more is an HTTPError, which is an OSError


def _secret(variable: str) -> str:
    """Returns a secret from the environment.

    Raises:
        NoticeError: it is not there.
    """
    secret = os.environ.get(variable)
    if not secret:
        raise NoticeError(f"the environment variable {variable} is not set. Set it, or remove `user` in settings.yml under notices.smtp.")
    return secret
