"""Whole conversations: the journey, one question at a time, photos once, changes after the pre-quote, polite ends."""

from __future__ import annotations

import pytest

from tests.llm.local.conversation import PHOTO, Conversation, talk
from tests.llm.local.test_requests import JOURNEY, SDB

_JOURNEY_LINES = {"SDB-DEPOSE": 1, "SDB-PLOMB": 1, "CARR-SOL": 8, "CARR-MUR": 20, "SDB-DOUCHE-IT": 1}
_IMAGE = {"type": "image_url", "image_url": {"url": "https://example.test/p.jpg"}}


@pytest.mark.parametrize(
    "photos",
    [
        f"{PHOTO} [Photo jointe : IMG_2042.jpg]",
        [{"type": "text", "text": ""}, _IMAGE, _IMAGE],
        [{"type": "text", "text": "Voilà"}, {"type": "text", "text": PHOTO}, {"type": "text", "text": PHOTO}],
    ],
    ids=["marks", "images", "parts"],
)
def test_the_journey_word_for_word(photos: str | list) -> None:
    conversation = Conversation()
    asked = conversation.say(JOURNEY)
    assert asked.calls == []
    assert "photos de l’existant" in asked.text
    assert asked.text.count("?") == 1
    quoted = conversation.say(photos)
    assert [name for name, _ in quoted.calls] == ["rechercher_prix", "proposer_pre_devis"]
    assert quoted.quantities == _JOURNEY_LINES
    proposal = quoted.proposal
    assert proposal is not None
    assert proposal["type_projet"] == "renovation_salle_de_bain"
    assert proposal["titre"] == "Rénovation de salle de bain"
    assert proposal["surface_m2"] == 8
    assert sorted(proposal["exigences"]) == ["carrelage_mural", "carrelage_sol", "douche_italienne"]
    assert [line["libelle"] for line in proposal["lignes"]] == [
        "Dépose de l'existant",
        "Plomberie",
        "Carrelage au sol",
        "Carrelage mural",
        "Douche italienne",
    ]
    assert quoted.text.startswith("Merci pour vos photos. ")
    assert "5\u202f790,00\u00a0€ HT" in quoted.text
    assert "6\u202f948,00\u00a0€ TTC" in quoted.text
    assert "surface des murs estimée à 20\u00a0m² (2,5 × 8\u00a0m² au sol)" in quoted.text
    assert "Estimation indicative, non contractuelle. Durant Peinture vérifiera" in quoted.text
    assert quoted.finished == ["tool_calls", "tool_calls", "stop"]


@pytest.mark.parametrize("words", ["non", "je n'ai pas de photos", "plus tard", "👍", "pourquoi ?", "demain peut-être, je suis au travail"])
def test_photos_are_asked_for_once_and_never_wait(words: str) -> None:
    _, quoted = talk(JOURNEY, words)
    assert quoted.quantities == _JOURNEY_LINES
    assert "envoyer" not in quoted.text.replace("vous enverra", "")


def test_photos_sent_first_are_not_asked_for() -> None:
    first, second, third = talk(f"Bonjour {PHOTO}", "salle de bain 5 m², baignoire", "carrelage au sol et aux murs")
    assert "Merci pour votre photo." in first.text
    assert second.text.endswith("Souhaitez-vous du carrelage au sol, aux murs ou les deux\u202f?")
    assert third.quantities == {"SDB-DEPOSE": 1, "SDB-PLOMB": 1, "CARR-SOL": 5, "CARR-MUR": 12.5, "SDB-BAIGNOIRE": 1}


@pytest.mark.parametrize("words", ["je n'ai pas de photos", "désolé, aucune photo pour l'instant", "sans photo svp", "Pas encore de photo"])
def test_who_says_that_there_are_no_photos_is_not_asked_for_any(words: str) -> None:
    (quoted,) = talk(f"{JOURNEY}, {words}")
    assert quoted.quantities == _JOURNEY_LINES
    *_, later = talk(f"Bonjour, {words}", JOURNEY)
    assert later.quantities == _JOURNEY_LINES


def test_a_photo_does_not_speak_by_its_name() -> None:
    _, reply = talk("repeindre le salon, murs", "[Photo jointe : cuisine_35m2.jpg]")
    assert "surface au sol du salon" in reply.text


def test_only_what_is_missing_is_asked_one_question_at_a_time() -> None:
    replies = talk("Bonjour", "je voudrais refaire ma salle de bain", "6", "une douche", "italienne", "au sol", "voici " + PHOTO)
    endings = [reply.text.replace("\u202f", " ") for reply in replies]
    assert "Quels travaux souhaitez-vous" in endings[0]
    assert endings[1].endswith("Quelle est la surface au sol de la salle de bain, en m² ?".replace(" m²", "\u00a0m²"))
    assert endings[2].endswith("Souhaitez-vous une douche italienne, une douche avec receveur ou une baignoire ?")
    assert endings[3].endswith("Préférez-vous une douche italienne ou une douche avec receveur ?")
    assert endings[4].endswith("Souhaitez-vous du carrelage au sol, aux murs ou les deux ?")
    assert "photos de l’existant" in endings[5]
    assert all(ending.count("?") <= 1 for ending in endings)
    assert replies[6].quantities == {"SDB-DEPOSE": 1, "SDB-PLOMB": 1, "CARR-SOL": 6, "SDB-DOUCHE-IT": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("finalement 10 m²", _JOURNEY_LINES | {"CARR-SOL": 10, "CARR-MUR": 25}),
        ("en fait la salle de bain fait 3 x 4 m", _JOURNEY_LINES | {"CARR-SOL": 12, "CARR-MUR": 30}),
        ("sans la douche", {key: value for key, value in _JOURNEY_LINES.items() if key != "SDB-DOUCHE-IT"}),
        ("ajoutez un meuble vasque", _JOURNEY_LINES | {"SDB-VASQUE": 1}),
        ("remplacez la douche par une baignoire", {"SDB-BAIGNOIRE": 1} | {k: v for k, v in _JOURNEY_LINES.items() if k != "SDB-DOUCHE-IT"}),
        ("plutôt une douche avec receveur", {"SDB-DOUCHE-REC": 1} | {k: v for k, v in _JOURNEY_LINES.items() if k != "SDB-DOUCHE-IT"}),
        ("pas de carrelage au mur finalement", {key: value for key, value in _JOURNEY_LINES.items() if key != "CARR-MUR"}),
        ("pas de carrelage au mur dans la salle de bain", {key: value for key, value in _JOURNEY_LINES.items() if key != "CARR-MUR"}),
        ("la dépose est déjà faite", {key: value for key, value in _JOURNEY_LINES.items() if key != "SDB-DEPOSE"}),
        ("le carrelage mural fait 15 m²", _JOURNEY_LINES | {"CARR-MUR": 15}),
        ("ajoutez 2 m²", _JOURNEY_LINES | {"CARR-SOL": 10, "CARR-MUR": 25}),
        ("il faut retirer 2 m²", _JOURNEY_LINES | {"CARR-SOL": 6, "CARR-MUR": 15}),
    ],
)
def test_a_change_gives_a_new_pre_quote_without_photos_again(change: str, expected: dict[str, float]) -> None:
    reply = talk(JOURNEY, PHOTO, change)[-1]
    assert reply.quantities == expected
    assert "mis à jour" in reply.text
    assert "photo" not in reply.text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("je voudrais repeindre mes murs, 45 m2, sauf la chambre de 10 m2", {"PEINT-MUR": 45}),
        ("repeindre les murs du salon, 20 m², mais pas ceux du bureau de 12 m²", {"PEINT-MUR": 50}),
        ("repeindre les murs, sauf la chambre, 20 m²", {"PEINT-MUR": 50}),
        ("repeindre le salon de 20 m² sans le plafond", {"PEINT-MUR": 50}),
        ("je veux repeindre 20 m² mais pas les murs", {"PEINT-PLAF": 20}),
        ("carrelage de la salle à manger, 12 m², mais pas les murs, sans dépose", {"CARR-SOL": 12}),
        ("peinture du plafond, 20 m² + 15 m² + 10 m²", {"PEINT-PLAF": 45}),
        ("repeindre 100 m² de murs ; le sol fait 40 m²", {"PEINT-MUR": 100}),
        ("pose de parquet, 40 m², il n'y a rien à déposer", {"SOL-PARQUET": 40}),
        ("peinture des murs du salon, 20 m², ah non pardon 30 m²", {"PEINT-MUR": 75}),
        ("repeindre les murs du salon de 20 m² et de la chambre de 12 m², pardon 14 m²", {"PEINT-MUR": 85}),
        ("repeindre les murs du salon de 20 m² et de la chambre de 12 m², en fait le salon fait 22 m²", {"PEINT-MUR": 85}),
        ("repeindre les murs du salon de 20 m² et finalement aussi la chambre de 12 m²", {"PEINT-MUR": 80}),
        ("peinture salon 30 m² + couloir 8 m², murs et plafonds sauf le plafond du couloir", {"PEINT-MUR": 95, "PEINT-PLAF": 30}),
        ("parquet plutôt que du carrelage dans le salon de 20 m², sans dépose", {"SOL-PARQUET": 20}),
        (
            "refaire la salle de bain de 6 m², douche italienne, la baignoire est à garder et le carrelage au sol à refaire",
            SDB | {"CARR-SOL": 6, "SDB-DOUCHE-IT": 1},
        ),
        ("mon robinet fuit", {"PLOMB-FUITE": 1}),
        ("je voulais du carrelage mais finalement du parquet dans le salon de 20 m², sans dépose", {"SOL-PARQUET": 20}),
        ("une baignoire plutôt qu'une douche italienne", SDB | {"SDB-BAIGNOIRE": 1}),
        ("3 fenêtres en bois plutôt que pvc", {"MEN-FEN-BOIS": 3}),
        ("repeindre le plafond du salon de 30 m² et les murs de la chambre de 12 m²", {"PEINT-MUR": 30, "PEINT-PLAF": 30}),
        ("plafond du salon 30 m² et murs de la chambre 12 m² à repeindre", {"PEINT-MUR": 30, "PEINT-PLAF": 30}),
        ("peindre salon 30 m², murs et plafond, chambre 12 m², murs", {"PEINT-MUR": 105, "PEINT-PLAF": 30}),
        ("repeindre les murs et le plafond du salon 20 m² et les murs du bureau 10 m²", {"PEINT-MUR": 75, "PEINT-PLAF": 20}),
        ("repeindre le plafond du salon 30 m² et repeindre les murs de la chambre 12 m²", {"PEINT-MUR": 30, "PEINT-PLAF": 30}),
        ("repeindre les murs du salon 20 m² et le plafond", {"PEINT-MUR": 50, "PEINT-PLAF": 20}),
        ("repeindre les murs, pas le plafond, 40 m²", {"PEINT-MUR": 40}),
        ("je ne veux pas repeindre le plafond, juste les murs, 40 m²", {"PEINT-MUR": 40}),
        ("je ne veux pas de carrelage au sol mais aux murs, 12 m², sans dépose", {"CARR-MUR": 12}),
        ("je ne veux pas de peinture, les murs sont bons, juste du parquet 20 m², sans dépose", {"SOL-PARQUET": 20}),
        ("murs de 30 m² et sol de 10 m² à peindre", {"PEINT-MUR": 30}),
        ("peindre mon salon 25 m² les murs et le plafond", {"PEINT-MUR": 62.5, "PEINT-PLAF": 25}),
        ("le salon fait 30 m², hauteur sous plafond 2m50, repeindre les murs", {"PEINT-MUR": 75}),
        ("j'ai 3 chambres à repeindre, 10, 12 et 15 m², murs et plafonds", {"PEINT-MUR": 92.5, "PEINT-PLAF": 37}),
        ("moquette à enlever et parquet à poser dans la chambre de 12 m²", {"SOL-DEPOSE": 12, "SOL-PARQUET": 12}),
        ("moquette à remplacer par du parquet dans la chambre de 12 m²", {"SOL-DEPOSE": 12, "SOL-PARQUET": 12}),
        ("enlever le papier peint des murs du salon de 20 m²", {"PEINT-DEP-PP": 50}),
        ("papier peint des murs à enlever, 30 m²", {"PEINT-DEP-PP": 30}),
        ("mur à abattre de 8 m²", {"PLAC-DEMOL": 8}),
        ("remplacer le wc par un wc suspendu", {"PLOMB-WC-SUSP": 1}),
        ("maison de 120 m² : repeindre les murs, le plafond n'est pas à faire", {"PEINT-MUR": 300}),
        ("repeindre les murs du salon, 20 m², le plafond n'est pas à repeindre", {"PEINT-MUR": 50}),
        ("peinture du salon 20 m², les plafonds sont déjà faits", {"PEINT-MUR": 50}),
    ],
)
def test_what_is_left_out_added_up_or_corrected_in_one_sentence(said: str, expected: dict[str, float]) -> None:
    assert talk(said, "non")[-1].quantities == expected


def test_two_rooms_to_redo_are_twice_the_works() -> None:
    said = "Je veux refaire 2 salles de bain de 5 m² chacune, douche italienne, carrelage sol et mur"
    quoted = talk(said, "non")[-1]
    twice = {"SDB-DEPOSE": 2, "SDB-PLOMB": 2, "SDB-DOUCHE-IT": 2}
    assert quoted.quantities == twice | {"CARR-SOL": 10, "CARR-MUR": 25}
    told = {line["code"] for line in quoted.proposal["lignes"] if "pour chacune" in line.get("hypothese", "")}
    assert told == set(twice)
    one = talk(said.replace("douche", "une seule douche"), "non")[-1]
    assert one.quantities["SDB-DOUCHE-IT"] == 1


def test_a_surface_corrected_at_the_end_of_the_sentence_is_the_room_s() -> None:
    said = "refaire ma salle de bain de 10 m², douche italienne, carrelage sol et murs, en fait elle fait 8 m²"
    assert talk(said, "non")[-1].quantities == _JOURNEY_LINES


def test_a_room_refused_with_its_surface_stays_refused() -> None:
    replies = talk("repeindre les murs du salon de 20 m² et du bureau de 10 m²", "non", "finalement sans le bureau de 10 m²")
    assert [reply.quantities for reply in replies[1:]] == [{"PEINT-MUR": 75}, {"PEINT-MUR": 50}]


def test_no_more_is_taken_away_than_there_is() -> None:
    assert talk("parquet 30 m², sans dépose", "non", "enlevez 100 m²", "enlevez 5 m²")[-1].quantities == {"SOL-PARQUET": 25}


def test_changes_add_up() -> None:
    said = (JOURNEY, "non", "finalement 10 m²", "sans la douche", "ajoutez un meuble vasque", "et deux mitigeurs")
    assert talk(*said)[-1].quantities == {
        "SDB-DEPOSE": 1,
        "SDB-PLOMB": 1,
        "CARR-SOL": 10,
        "CARR-MUR": 25,
        "SDB-VASQUE": 1,
        "PLOMB-ROBINET": 2,
    }


def test_counts_are_added_or_replaced() -> None:
    said = ("installer 6 prises", "non", "ajoutez deux prises", "finalement 4 prises")
    assert [reply.quantities.get("ELEC-PRISE") for reply in talk(*said)[1:]] == [6, 8, 4]


def test_a_new_work_asks_what_it_lacks_then_quotes_at_once() -> None:
    replies = talk(JOURNEY, "non", "il faut aussi peindre le plafond du couloir", "5 m²")
    assert "surface au sol du couloir" in replies[2].text
    assert replies[3].quantities == _JOURNEY_LINES | {"PEINT-PLAF": 5}


@pytest.mark.parametrize(
    ("first", "more", "expected"),
    [
        ("repeindre les murs et le plafond du salon 20 m²", "et repeindre aussi les murs de la chambre 10 m²", {"PEINT-MUR": 75, "PEINT-PLAF": 20}),
        ("repeindre les murs du salon 20 m²", "ajoutez le plafond de la chambre 10 m²", {"PEINT-MUR": 50, "PEINT-PLAF": 10}),
        ("repeindre les murs du salon 20 m²", "ajoutez la chambre 10 m²", {"PEINT-MUR": 75}),
    ],
)
def test_a_work_in_another_room_comes_on_top(first: str, more: str, expected: dict[str, float]) -> None:
    assert talk(first, "non", more)[-1].quantities == expected


@pytest.mark.parametrize(
    ("refused", "expected"),
    [
        ("finalement pas le plafond", {"PEINT-MUR": 75}),
        ("finalement pas le plafond de la chambre", {"PEINT-MUR": 75, "PEINT-PLAF": 20}),
    ],
)
def test_a_part_refused_later_goes(refused: str, expected: dict[str, float]) -> None:
    assert talk("repeindre salon 20 m² et chambre 10 m², murs et plafond", "non", refused)[-1].quantities == expected


def test_another_option_by_its_short_word() -> None:
    replies = talk("remplacer trois fenêtres en bois", "non", "finalement en PVC")
    assert [reply.quantities for reply in replies[1:]] == [{"MEN-FEN-BOIS": 3}, {"MEN-FEN-PVC": 3}]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("merci", "Je vous en prie. Votre demande est bien notée"),
        ("Cela me convient", "Très bien, merci. Votre demande est bien notée"),
        ("J'ai terminé", "Très bien, merci."),
        ("c'est quoi le délai ?", "Pour les délais, c’est Durant Peinture qui vous répondra"),
        ("et la TVA ?", "Durant Peinture les précisera dans le devis"),
        ("vous êtes un robot ?", "Je suis un assistant automatique"),
        ("c'est trop cher", "Dites-moi ce qu’il faut retirer"),
        ("Avez-vous une assurance décennale ?", "les garanties"),
        ("De quelle couleur est le ciel ?", "Je préfère ne pas vous répondre au hasard"),
        ("hmm", "Je n’ai pas relevé de changement"),
        (PHOTO, "votre photo est jointe à votre demande"),
        ("[Document joint : plan.pdf]", "Durant Peinture le recevra"),
    ],
)
def test_after_the_pre_quote_a_word_gets_a_word(words: str, expected: str) -> None:
    reply = talk(JOURNEY, "non", words)[-1]
    assert expected in reply.text
    assert reply.calls == []
    assert reply.finished == ["stop"]


def test_everything_can_be_called_off_and_begun_again() -> None:
    replies = talk(JOURNEY, "non", "annulez tout", "repeindre les murs d'une chambre de 10 m²")
    assert "je retire l’ensemble" in replies[2].text
    assert replies[3].quantities == {"PEINT-MUR": 25}
    assert "mis à jour" not in replies[3].text


def test_who_does_not_know_gets_a_usual_value_and_is_told() -> None:
    replies = talk("Je voudrais refaire ma toiture", "aucune idée", "comme vous voulez", "non")
    assert "je retiens une valeur courante" in replies[1].text
    assert replies[3].quantities == {"TOIT-DEPOSE": 100, "TOIT-TUILE": 100}
    text = replies[3].text.replace("\u00a0", " ")
    assert "- surface de la toiture supposée de 100 m²\u202f;\n- par défaut, couverture en tuiles." in text


def test_a_question_asked_in_vain_is_not_asked_a_third_time() -> None:
    replies = talk("peindre les murs du salon", "blabla", "encore blabla", "toujours blabla")
    assert [("surface au sol du salon, en" in reply.text) for reply in replies] == [True, True, False, False]
    assert "Pardon" in replies[1].text
    assert replies[3].quantities == {"PEINT-MUR": 62.5}
    assert "surface au sol du salon supposée de 25" in replies[3].text


def test_nothing_to_go_on_ends_honestly() -> None:
    replies = talk("travaux d'électricité", "bof", "bof", "bof")
    assert "De quoi avez-vous besoin" in replies[1].text
    assert "je ne peux pas vous donner une estimation honnête" in replies[2].text
    assert all(reply.calls == [] for reply in replies)


def test_taxes_are_never_asked_about() -> None:
    starts = ["cuisine", "toiture", "peinture", "sols", "plomberie", "électricité", "isolation", "fenêtres", "façade", "placo", "chauffage"]
    for start in starts:
        for reply in talk(f"refaire {start}", "oui", "12", "je ne sais pas", "non", "non", "non"):
            question = reply.text.rpartition("?")[0].rpartition(".")[2]
            assert "TVA" not in question


def test_what_is_kept_is_not_priced() -> None:
    replies = talk("rénover ma salle de bain de 5 m²", "je garde ma baignoire", "au sol", "non")
    assert "carrelage" in replies[1].text
    assert replies[3].quantities == {"SDB-DEPOSE": 1, "SDB-PLOMB": 1, "CARR-SOL": 5}


def test_trades_come_in_the_order_they_were_named() -> None:
    reply = talk("peinture et parquet dans un salon de 20 m²", "les murs", "non", "non")[-1]
    assert reply.proposal is not None
    assert reply.proposal["titre"] == "Travaux de peinture et travaux de revêtement"


def test_an_assumption_that_is_told_is_not_a_question() -> None:
    replies = talk("refaire ma toiture en tuiles", "aucune idée", "non", "ajoutez 2 velux")
    assert replies[3].quantities == {"TOIT-DEPOSE": 100, "TOIT-TUILE": 100, "TOIT-FENETRE": 2}


def test_speaking_of_photos_is_not_asking_for_them() -> None:
    replies = talk("refaire ma salle de bain. Que faites-vous de mes données personnelles ?", "8 m²", "baignoire", "carrelage au sol")
    assert "Vos messages et vos photos servent" in replies[0].text
    assert "photos de l’existant" in replies[3].text


def test_english_is_told_once() -> None:
    replies = talk("I want to paint my living room 25 sqm", "the walls please, and the ceiling too")
    assert "we can simply continue in French" in replies[0].text
    assert "French" not in replies[1].text


def test_without_an_artisan_the_sentence_stands() -> None:
    conversation = Conversation(system="Vous êtes l’assistant.")
    conversation.say(JOURNEY)
    assert "L’artisan vérifiera ces éléments" in conversation.say("non").text


def test_a_conversation_begun_by_another_model_goes_on() -> None:
    conversation = Conversation()
    conversation.messages += [
        {"role": "assistant", "content": "Bonjour, envoyez-moi des photos et décrivez votre projet !"},
        {"role": "user", "content": "Je veux peindre les murs de ma chambre"},
        {"role": "assistant", "content": "D’accord ! Quelle surface en m² ? Vous pouvez joindre des photos."},
    ]
    assert conversation.say("12").quantities == {"PEINT-MUR": 30}
