"""One click stops a list of mail (RFC 8058). Mail programs POST to the link, without cookies and without anybody
looking; people open it, see what will stop, and press a button that does the same. Opening changes nothing, because
scanners open every link."""

from __future__ import annotations

import structlog
from flask import render_template, request

from app.domain.alert_words import listed
from app.domain.mail_lists import MailList, about
from app.domain.people import masked_email
from app.domain.speech import say
from app.web import choosing
from app.web.services import services
from app.web.stopping.link import DeadLinkError, Holder, dead, holder_of_unsubscribe

log = structlog.get_logger()

Answer = tuple[str, int]


def ask(token: str) -> Answer:
    """What would stop, and the button. Changes nothing."""
    try:
        holder = holder_of_unsubscribe(services(), token)
    except DeadLinkError as error:
        return dead(error)
    is_stopped, lists = _list_of(holder) in choosing.chosen(holder.user).stopped, [_list_of(holder)]
    return _page("done.html" if is_stopped else "ask.html", token, holder, lists, lists)


def stop(token: str) -> Answer:
    """Stop the list at once, the lists that the form names, or every list with `what=all`; safe to repeat. Needs no
    cookie and no form's token."""
    parts = services()
    try:
        holder = holder_of_unsubscribe(parts, token)
    except DeadLinkError as error:
        return dead(error)
    lists = list(MailList) if request.form.get("what") == "all" else _named_in_form(holder)
    by_program = request.form.get("List-Unsubscribe") == "One-Click" or not request.form
    newly = choosing.set_stopped(
        parts,
        holder.person,
        lists,
        stopped=True,
        way="one_click" if by_program else "page",
        words="List-Unsubscribe=One-Click"
        if by_program
        else say("Stop e-mails about {about}", about=_named(lists)),
    )
    log.info("list of mail stopped", person=holder.person, lists=[str(one) for one in lists])
    return _page("done.html", token, holder, lists, newly or [_list_of(holder)])


def undo(token: str) -> Answer:
    """Let come again what was stopped here, and nothing that was stopped before."""
    parts = services()
    try:
        holder = holder_of_unsubscribe(parts, token)
    except DeadLinkError as error:
        return dead(error)
    lists = _named_in_form(holder)
    words = say("Undo: e-mails about {about} come again", about=_named(lists))
    choosing.set_stopped(parts, holder.person, lists, stopped=False, way="page", words=words)
    return _page("undone.html", token, holder, lists, lists)


def _list_of(holder: Holder) -> MailList:
    assert holder.token.mail_list is not None, "links that stop something say what"
    return holder.token.mail_list


def _named_in_form(holder: Holder) -> list[MailList]:
    """The lists of the fields `list`; without any the link's own."""
    named = request.form.getlist("list")
    return [one for one in MailList if one in named] or [_list_of(holder)]


def _named(lists: list[MailList]) -> str:
    return listed([about(one) for one in lists])


def _page(template: str, token: str, holder: Holder, lists: list[MailList], turned: list[MailList]) -> Answer:
    """lists: what the page speaks of; turned: what its button turns round."""
    shown = render_template(
        f"stopping/{template}",
        token=token,
        about=_named(lists),
        turned=turned,
        mailbox=masked_email(holder.email),
    )
    return shown, 200
