"""Dolibarr's REST API, as far as invoices need it: who it is, third parties, invoices (its documentation: `/api/index.php/explorer`).

Called outside of transactions, through the guarded client. The key travels in a header and is in no message, no log and no `repr`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from app.core.http import GuardedClient, HttpFailure, HttpResult
from app.core.urls import BlockedAddressError

TIMEOUT = 30.0
MAX_BYTES = 2 * 1024 * 1024
FRANCE = 1
"""France in Dolibarr's own dictionary of countries, the same in every installation."""
STANDARD, CREDIT_NOTE = 0, 2


class DolibarrError(Exception):
    """Dolibarr refused, or could not be asked. `retry`: later may be better."""

    def __init__(self, message_fr: str, *, retry: bool = False) -> None:
        super().__init__(message_fr)
        self.message_fr = message_fr
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice as Dolibarr keeps it."""

    id: int
    ref: str
    is_draft: bool
    total_ttc: Decimal


@dataclass(frozen=True, slots=True)
class Dolibarr:
    """One installation: its address without `/api/index.php`, and a user's key."""

    base_url: str
    key: str = field(repr=False)
    client: GuardedClient = field(repr=False)

    def version(self) -> str:
        """Which version answers. Raises DolibarrError."""
        found = self._call("GET", "/status")
        said = found.get("success") if isinstance(found, dict) else None
        if not isinstance(said, dict) or "dolibarr_version" not in said:
            raise DolibarrError("Cette adresse répond, mais pas comme Dolibarr.")
        return _clean(said["dolibarr_version"], 40)

    def check_rights(self) -> None:
        """The key's user may read third parties and invoices. Raises DolibarrError."""
        for what in ("thirdparties", "invoices"):
            self._list(f"/{what}", limit=1)

    def third_party(self, editor_id: str, buyer: dict[str, str]) -> int:
        """The customer who bears our identifier, else the only one with that e-mail and name, else a new one. Raises DolibarrError."""
        for filters in (f"(t.ref_ext:=:'{_quoted(editor_id)}')", _by_email(buyer)):
            found = self._list("/thirdparties", limit=2, sqlfilters=filters) if filters else []
            if len(found) == 1:
                return _id(found[0])
        address = "\n".join(line for line in (buyer.get("address_line1"), buyer.get("address_line2")) if line)
        siret = buyer.get("siret", "")
        body = {
            "name": buyer["name"],
            "client": 1,
            "code_client": -1,  # Dolibarr numbers it
            "ref_ext": editor_id,
            "email": buyer.get("email", ""),
            "address": address,
            "zip": buyer.get("postcode", ""),
            "town": buyer.get("city", ""),
            "country_id": self._country(buyer.get("country", "FR")),
            "tva_intra": buyer.get("vat_number", ""),
            "idprof1": siret[:9],
            "idprof2": siret,
        }
        return _id(self._call("POST", "/thirdparties", body))

    def invoice_by_ref(self, ref_ext: str) -> Invoice | None:
        """The invoice that bears our number. Raises DolibarrError, also when several do."""
        found = self._list("/invoices", limit=2, sqlfilters=f"(t.ref_ext:=:'{_quoted(ref_ext)}')")
        if len(found) > 1:
            refs = ", ".join(_clean(one.get("ref", "?"), 30) for one in found)
            raise DolibarrError(f"Plusieurs factures de Dolibarr portent le numéro {ref_ext} : {refs}. Gardez-en une seule.")
        return _invoice(found[0]) if found else None

    def create_invoice(self, body: dict[str, Any]) -> int:
        """A draft invoice. Raises DolibarrError."""
        return _id(self._call("POST", "/invoices", body))

    def validate(self, invoice_id: int) -> None:
        """Give a draft its number; one that has it already is fine. Raises DolibarrError."""
        self._call("POST", f"/invoices/{invoice_id}/validate", {"notrigger": 0}, fine=(304,))

    def _country(self, code: str) -> int:
        return FRANCE if code == "FR" else _id(self._call("GET", f"/setup/dictionary/countries/byCode/{code}"))

    def _list(self, path: str, **query: str | int) -> list[dict[str, Any]]:
        """Rows, or none: many versions answer 404 to a search that finds nothing."""
        found = self._call("GET", f"{path}?{urlencode(query)}", empty_on_404=True)
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise DolibarrError("Dolibarr a renvoyé une liste illisible.")
        return found

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, fine: tuple[int, ...] = (), empty_on_404: bool = False
    ) -> Any:
        headers = {"DOLAPIKEY": self.key, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        try:
            result = self.client.request(
                method,
                f"{self.base_url}/api/index.php{path}",
                headers=headers,
                body=None if body is None else json.dumps(body).encode(),
                max_bytes=MAX_BYTES,
                timeout=TIMEOUT,
            )
        except BlockedAddressError as error:
            raise DolibarrError(error.message_fr) from None
        except HttpFailure as error:
            raise DolibarrError(f"Dolibarr n’a pas répondu. {error.message_fr}", retry=True) from None
        if result.status in fine:
            return None
        said = _json(result)
        if result.status == 404 and empty_on_404 and isinstance(said, dict) and isinstance(said.get("error"), dict):
            return []
        if not 200 <= result.status < 300:
            raise _refusal(result, self._without_key(_reason(said)))
        if said is None:
            raise DolibarrError("Cette adresse répond, mais pas comme Dolibarr.")
        return said

    def _without_key(self, text: str) -> str:
        return text.replace(self.key, "…")


def _refusal(result: HttpResult, reason: str) -> DolibarrError:
    """An answer that is no success, in French; what Dolibarr says of it is quoted."""
    quoted = f" Dolibarr dit : « {reason} »" if reason else ""
    if result.status == 401:
        return DolibarrError("Dolibarr refuse la clé d’API.")
    if result.status == 403:
        return DolibarrError(f"La clé d’API n’a pas les droits nécessaires dans Dolibarr.{quoted}")
    if 300 <= result.status < 400:
        return DolibarrError("Dolibarr renvoie vers une autre adresse : écrivez l’adresse finale, en https.")
    if result.status == 404:
        return DolibarrError(f"Dolibarr ne connaît pas ce qui est demandé : vérifiez l’adresse et que son API est activée.{quoted}")
    if result.status == 429 or result.status >= 500:
        return DolibarrError(f"Dolibarr a échoué (réponse {result.status}).{quoted}", retry=True)
    return DolibarrError(f"Dolibarr a refusé (réponse {result.status}).{quoted}")


def _json(result: HttpResult) -> Any:
    try:
        return json.loads(result.body)
    except (ValueError, RecursionError):
        return None


def _reason(said: Any) -> str:
    error = said.get("error") if isinstance(said, dict) else None
    return _clean(error.get("message", ""), 300) if isinstance(error, dict) else ""


def _id(found: Any) -> int:
    """The id of a row, or the bare number that a creation answers."""
    value = found.get("id") if isinstance(found, dict) else found
    try:
        return int(value)
    except (TypeError, ValueError):
        raise DolibarrError("Dolibarr a répondu sans identifiant.") from None


def _invoice(row: dict[str, Any]) -> Invoice:
    try:
        total = Decimal(str(row["total_ttc"])).quantize(Decimal("0.01"))
    except (KeyError, InvalidOperation):
        raise DolibarrError("Dolibarr a renvoyé une facture illisible.") from None
    status = row.get("status", row.get("statut"))
    return Invoice(_id(row), _clean(row.get("ref") or "", 60), str(status) == "0", total)


def _clean(text: object, length: int) -> str:
    """What Dolibarr wrote, on one line, as a database and a page take it."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())[:length]


def _by_email(buyer: dict[str, str]) -> str:
    """An account with the same e-mail and the same name: an accounting office may serve several firms from one mailbox."""
    email, name = buyer.get("email", ""), buyer.get("name", "")
    return f"(t.email:=:'{_quoted(email)}') and (t.nom:=:'{_quoted(name)}')" if email and name else ""


def _quoted(text: str) -> str:
    """Text for a filter of Dolibarr, whose language has no escape: what could end the text is left out, and nothing is found then."""
    return "".join(letter for letter in text if letter not in "'\\()" and letter.isprintable())
