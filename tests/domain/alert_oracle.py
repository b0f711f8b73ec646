"""What an alert must tell, said a second time: from the whole history, with no state and no code of the product.

Amounts are whole numbers. A look is (hour, offers, paused), an offer (amount, day, id, currency).
"""

from __future__ import annotations

from typing import Any

Look = tuple[int, list[tuple[int, int, str, str]], bool]


def told(case: dict[str, Any], looks: list[Look]) -> list[str | None]:
    """For each look the id of the offer that is told, "" for a report without one, None for silence."""
    kind, step, repeat, mark = case["kind"], case["step"], case["repeat"], 0
    answers: list[str | None] = []
    history: list[int] = []  # every cheapest fare there was
    after: list[int] = []  # those since the last that was told, or passed over in silence
    stood: list[tuple[int, int]] = []  # (day, fare) that could be bought on that day
    known = standing = None
    for number, (hour, offers, paused) in enumerate(looks):
        first, day = number == 0, hour // 24
        best = min((o for o in offers if o[3] == "USD" and o[1] >= day), default=None)
        price = best[0] if best else None
        stood += [(day, one) for one in (standing,) if one is not None]
        news, created = False, history[0] if history else price
        moved = known is None or (price is not None and abs(price - known) >= step)
        lower = known is None or (price is not None and price <= known - step)
        if kind == "report":
            slots = range(case["offset"], hour + 1, case["every"])
            due = case["tell_now"] if first else any(slot > looks[number - 1][0] for slot in slots)
            news = due and (case["unchanged"] or (price is not None and (first or moved)))
        elif price is not None:
            if kind in {"below", "created"}:
                most = case["limit"] - 1 if kind == "below" else _line(case, created or 0)
                back = most + step + (kind == "below")
                free = lower if repeat == "each_low" else known is None or any(a >= back for a in after)
                news = price <= most and free
            elif kind in {"told", "lowest"}:
                against = min(history, default=None) if kind == "lowest" else known or created
                news = against is not None and price <= _line(case, against)
            elif kind == "low":
                low = min((fare for when, fare in stood if when >= day - case["days"]), default=price)
                mark = mark if low <= mark < low + step else low
                news, mark = (True, price) if price <= mark - step else (False, mark)
            elif kind == "any":
                news = lower if repeat == "each_low" else moved
            history, after, stood = [*history, price], [*after, price], [*stood, (day, price)]
        news = news and not (repeat == "once" and any(answer is not None for answer in answers))
        silent = paused or (looks[number - 1][2] if number else not case["tell_now"])
        if news and not (silent and kind == "report"):
            known, after = price if price is not None else known, []
        answers.append((best[2] if best else "") if news and not silent else None)
        standing = price
    return answers


def _line(case: dict[str, Any], against: int) -> int:
    return int(against - max(case["drop"] or -(-against * case["percent"] // 100), case["step"]))
