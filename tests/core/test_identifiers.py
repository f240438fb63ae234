"""SIRET, telephones, mailboxes."""

from __future__ import annotations

import pytest

from app.core.identifiers import check_phone, check_siret, check_website, format_phone_fr, normalise_email


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("73282932000074", "73282932000074"),
        ("732 829 320 00074", "73282932000074"),
        (" 732\u00a0829\u202f320\u00a000074 ", "73282932000074"),
        ("552 081 317 66522", "55208131766522"),
        ("356 000 000 00048", "35600000000048"),
        ("356 000 000 49837", "35600000049837"),
    ],
)
def test_a_siret_is_kept_as_14_digits(text: str, expected: str) -> None:
    assert check_siret(text) == expected


@pytest.mark.parametrize(
    "text", ["", "732829320", "73282932000075", "7328293200007", "732829320000740", "7328293200007A", "35600000049838", "٧٣٢٨٢٩٣٢٠٠٠٠٧٤"]
)
def test_a_wrong_siret_is_refused_in_french(text: str) -> None:
    with pytest.raises(ValueError, match="SIRET"):
        check_siret(text)


@pytest.mark.parametrize(
    ("text", "e164", "shown"),
    [
        ("06 12 34 56 78", "+33612345678", "06 12 34 56 78"),
        ("06.12.34.56.78", "+33612345678", "06 12 34 56 78"),
        ("+33 (0)6 12 34 56 78", "+33612345678", "06 12 34 56 78"),
        ("0033612345678", "+33612345678", "06 12 34 56 78"),
        ("01 42 68 53 00", "+33142685300", "01 42 68 53 00"),
        ("0692 12 34 56", "+262692123456", "0692 12 34 56"),
        ("0262 20 12 34", "+262262201234", "0262 20 12 34"),
        ("0639 69 12 34", "+262639691234", "0639 69 12 34"),
        ("0690 12 34 56", "+590690123456", "0690 12 34 56"),
        ("0696 20 12 34", "+596696201234", "0696 20 12 34"),
        ("0694 20 12 34", "+594694201234", "0694 20 12 34"),
        ("+32 470 12 34 56", "+32470123456", "+32 470 12 34 56"),
    ],
)
def test_a_telephone_is_kept_in_e164_and_shown_as_the_french_write_it(text: str, e164: str, shown: str) -> None:
    assert check_phone(text) == e164
    assert check_phone(e164) == e164
    assert format_phone_fr(e164) == shown


@pytest.mark.parametrize("text", ["", "bonjour", "06 12 34 56", "06 12 34 56 78 90", "00 00 00 00 00", "112", "+33 9999", "<script>"])
def test_a_wrong_telephone_is_refused_in_french(text: str) -> None:
    with pytest.raises(ValueError, match="téléphone"):
        check_phone(text)


def test_another_region_may_come_first_and_the_unreadable_is_shown_as_it_is() -> None:
    assert check_phone("0470 12 34 56", region="BE") == "+32470123456"
    assert format_phone_fr("poste 12") == "poste 12"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Martin@Exemple.FR", "martin@exemple.fr"),
        ("  jean.dupont+devis@exemple.fr\n", "jean.dupont+devis@exemple.fr"),
        ("élodie@société.fr", "élodie@société.fr"),
        ("e\u0301lodie@exemple.fr", "élodie@exemple.fr"),
        ("x@xn--socit-esab.fr", "x@société.fr"),
    ],
)
def test_an_address_has_one_form(text: str, expected: str) -> None:
    assert normalise_email(text) == expected
    assert normalise_email(expected) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "martin",
        "martin@",
        "@exemple.fr",
        "a@b@c.fr",
        "a b@exemple.fr",
        "a@exemple.fr\r\nBcc: x@y.fr",
        "Martin <a@exemple.fr>",
        "a@localhost",
        "a@[127.0.0.1]",
    ],
)
def test_a_wrong_address_is_refused_in_french(text: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        normalise_email(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("durant.fr", "https://durant.fr"),
        ("http://durant.fr:8080/contact?x=1", "http://durant.fr:8080/contact?x=1"),
        ("HTTPS://Éco-Bâti.fr", "HTTPS://Éco-Bâti.fr"),
    ],
)
def test_the_address_of_a_site_is_kept_with_its_scheme(text: str, expected: str) -> None:
    assert check_website(text) == expected


@pytest.mark.parametrize("text", ["pas un site", "bonjour", "javascript:alert(1)", "ftp://durant.fr", "https://", "https://moi@durant.fr"])
def test_what_is_no_address_of_a_site_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="adresse de site"):
        check_website(text)
