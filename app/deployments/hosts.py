"""An editor's own host name, `chat.ebp.com`: asked for, proved by two DNS records, then served (PRODUCT.md; deploy/white-label.md).

The first record leads the name to us. The second proves whose it is: without it, whoever asked first for a name that
already leads here would be served on it.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

from sqlalchemy import select, text

from app.audit.service import record
from app.core import addresses, clock
from app.core.acting import platform
from app.core.crypto import sign
from app.core.dns import DnsUnreachableError, Found, name_servers
from app.core.errors import ConflictError, InvalidError, NotFoundError
from app.core.jobs import enqueue_after_commit, job
from app.core.transaction import transaction
from app.core.urls import BlockedAddressError, read_url
from app.deployments.models import BrandHost
from app.extensions import db, settings
from app.notifications.service import notify

MAX_HOSTS = 5
GRACE = timedelta(days=3)
"""How long a host that was verified is served after its records were last seen."""
CHECK_AGAIN = timedelta(hours=20)
PROOF_LABEL = "_ai-manager"
_PURPOSE = "brand-host"


def add_host(editor_id: str, wanted: str) -> BrandHost:
    """Ask for a host name and have its records looked at. Raises InvalidError (`host`), ConflictError."""
    host = checked_host(wanted)
    known = hosts_of(editor_id)
    if any(one.host == host for one in known):
        raise ConflictError("Ce nom d’hôte est déjà dans votre liste.", code="known_host")
    if len(known) >= MAX_HOSTS:
        raise ConflictError(f"{MAX_HOSTS} noms d’hôte au plus. Retirez-en un d’abord.", code="too_many_hosts")
    added = BrandHost(editor_id=editor_id, host=host)
    db.session.add(added)
    db.session.flush()
    record("host.added", added.id, host=host)
    ask_for_check(added)
    return added


def remove_host(editor_id: str, host_id: str) -> BrandHost:
    """Serve a name no longer: its links stop at once, new ones bear our own name. Raises NotFoundError."""
    found = _host(editor_id, host_id)
    db.session.delete(found)
    record("host.removed", found.id, host=found.host)
    return found


def check_host_soon(editor_id: str, host_id: str) -> BrandHost:
    """Have the records of a name looked at again. Raises NotFoundError."""
    found = _host(editor_id, host_id)
    ask_for_check(found)
    return found


def ask_for_check(host: BrandHost) -> None:
    """Queue the look at its records."""
    enqueue_after_commit(check_brand_host, host.id, job_id=f"host-{host.id}")


def hosts_of(editor_id: str) -> list[BrandHost]:
    """The editor's names, in the order they were asked for."""
    return list(db.session.scalars(select(BrandHost).where(BrandHost.editor_id == editor_id).order_by(BrandHost.created_at, BrandHost.id)))


def host_of(editor_id: str | None) -> str | None:
    """The name that an editor's links bear: the one verified last. Asked through a door, since his artisans' links bear it too."""
    return db.session.scalar(text("SELECT door_editor_host(:editor)"), {"editor": editor_id}) if editor_id else None


def editor_of_host(host: str) -> str | None:
    """Whose verified host this is."""
    return db.session.scalar(text("SELECT door_host(:host)"), {"host": host})


def address_of(editor_id: str | None) -> str:
    """What the editor's public addresses begin with: scheme, his host (else ours), port."""
    ours = settings().base_url
    host = host_of(editor_id)
    if host is None:
        return ours
    parts = urlsplit(ours)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")


def proof_of(host: BrandHost) -> tuple[str, str]:
    """Name and content of the TXT record that proves the name is this editor's."""
    return f"{PROOF_LABEL}.{host.host}", f"ai-manager={sign(f'{host.editor_id}:{host.host}', _PURPOSE)[:32]}"


def checked_host(wanted: str) -> str:
    """A host name in ASCII and lower case, from what was typed (an address too). Raises InvalidError (`host`)."""
    bare = wanted.strip().lower().removeprefix("https://").removeprefix("http://").split("/")[0]
    try:
        host = read_url(f"https://{bare}").host
    except BlockedAddressError as error:
        raise _wrong(error.message_fr) from None
    if not may_be_a_brand(host) or ":" in bare or "_" in host:
        raise _wrong("Un nom de domaine est attendu, comme chat.votre-marque.fr.")
    ours = {settings().edge_host, urlsplit(settings().base_url).hostname or ""}
    if any(host == own or host.endswith(f".{own}") for own in ours if own):
        raise _wrong("Ce nom est celui de la plateforme. Choisissez-en un de votre propre domaine.")
    if host.rsplit(".", 1)[-1] in ("localhost", "local", "internal", "test", "invalid", "example", "onion", "arpa"):
        raise _wrong("Ce nom n’existe pas sur l’internet public.")
    return host


def may_be_a_brand(host: str) -> bool:
    """False for an address and for a name of a local network, known without asking."""
    return "." in host and not _is_address(host)


@job(queue="light", timeout=60)
def check_brand_host(host_id: str) -> None:
    """Look at the records of one name, then say what was found. The name servers are asked outside of any transaction."""
    with transaction(platform("hosts")):
        found = db.session.get(BrandHost, host_id)
        wanted = (found.host, *proof_of(found)) if found else None
    if wanted is None:
        return
    unsure, problem = _look(*wanted)
    with transaction(platform("hosts")):
        found = db.session.get(BrandHost, host_id, with_for_update=True)
        if found is not None:
            _settle(found, problem, unsure=unsure)


@job(queue="light", timeout=60)
def check_brand_hosts() -> None:
    """Look again, about once a day, at every name that is or was served."""
    with transaction(platform("hosts")):
        due = db.session.scalars(
            select(BrandHost).where(BrandHost.served_since.is_not(None), BrandHost.checked_at < clock.now() - CHECK_AGAIN).limit(200)
        )
        for found in due:
            ask_for_check(found)


def _look(host: str, proof_name: str, proof: str) -> tuple[bool, str | None]:
    """What is wrong with a name (None: nothing), and whether that is only because nobody answered."""
    names = name_servers()
    try:
        led = names.lookup(host)
        if not led.addresses:
            return False, f"{host} n’existe pas encore dans le DNS. Une modification y met parfois quelques heures à paraître."
        if not _leads_here(led):
            return False, f"{host} mène ailleurs ({', '.join(sorted(led.addresses)[:3])}). Corrigez le premier enregistrement."
        if proof not in (text.strip() for text in names.texts(proof_name)):
            return False, f"{host} mène bien ici, mais l’enregistrement TXT de {proof_name} manque ou n’a pas la valeur attendue."
    except DnsUnreachableError:
        return True, "Les serveurs de noms n’ont pas répondu. Nouvel essai dans quelques minutes."
    return False, None


def _leads_here(led: Found) -> bool:
    edge = settings().edge_host
    ours = frozenset({edge}) if _is_address(edge) else name_servers().lookup(edge).addresses
    return edge in led.aliases or (bool(ours) and led.addresses <= ours)


def _settle(host: BrandHost, problem: str | None, *, unsure: bool) -> None:
    now, was_right = clock.now(), host.problem is None
    host.checked_at, host.problem = now, problem
    if problem is None:
        if host.status != "verified":
            if editor_of_host(host.host) is not None:
                host.problem = "Un autre compte sert déjà ce nom. Écrivez-nous : nous réglerons cela avec vous."
                return
            host.status, host.served_since = "verified", now
            record("host.verified", host.id, host=host.host)
        host.verified_at = now
    elif host.status == "verified":
        if host.verified_at is None or host.verified_at < now - GRACE:
            host.status, host.served_since = "failed", None
            record("host.failed", host.id, host=host.host)
            _tell(host, f"{host.host} n’est plus servi", "Ses liens n’ouvrent plus rien ; les nouveaux portent notre nom.")
        elif was_right and not unsure:
            _tell(host, f"{host.host} ne mène plus ici", f"{problem} Sans correction, il ne sera plus servi dans trois jours.")
    elif not unsure:
        host.status = "failed"


def _tell(host: BrandHost, title: str, body: str) -> None:
    notify(host.editor_id, kind="host_lost", title=title, body=body, url="/editeur/nom-d-hote")


def _host(editor_id: str, host_id: str) -> BrandHost:
    found = db.session.scalar(select(BrandHost).where(BrandHost.id == host_id, BrandHost.editor_id == editor_id))
    if found is None:
        raise NotFoundError()
    return found


def _is_address(host: str) -> bool:
    try:
        addresses.parse(host)
    except ValueError:
        return False
    return True


def _wrong(sentence: str) -> InvalidError:
    return InvalidError("Ce nom d’hôte est à corriger.", {"host": [sentence]})
