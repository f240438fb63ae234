"""The agents that every installation begins with, as migration 0023 seeds them once (000, 003). Frozen like the migration itself."""

from __future__ import annotations

from typing import Any

_DEPLOYED = {
    "expert-btp": {
        "allow_prompt_override": True,
        "allow_rag_override": True,
        "allow_model_override": False,
        "required_branding": False,
        "min_rate_limit": 30,
    },
    "support-client": {
        "allow_prompt_override": False,
        "allow_rag_override": False,
        "allow_model_override": False,
        "required_branding": True,
        "min_rate_limit": 30,
    },
}
_OWN_RULES = {
    "allow_prompt_override": False,
    "allow_rag_override": False,
    "allow_model_override": False,
    "required_branding": False,
    "min_rate_limit": 30,
}


def _preset(slug: str, **values: Any) -> dict[str, Any]:
    return {
        "id": "agt_" + slug.title().replace("-", ""),
        "slug": slug,
        "category": "chat",
        "model": "inherit",
        "temperature": 0.3,
        "max_tokens": 1500,
        "tools": [],
        "supports_images": False,
        "is_whitelabel_enabled": False,
        "deployment_mode": "internal",
        "whitelabel_config": _DEPLOYED.get(slug, _OWN_RULES),
        **values,
    }


PRESETS: tuple[dict[str, Any], ...] = (
    _preset(
        "expert-btp",
        name="Expert BTP",
        description="Comprend un projet de travaux, demande ce qui manque et établit une estimation indicative.",
        system_prompt=(
            "Tu es l’assistant d’un artisan du bâtiment. Tu parles à son client, en français, avec « vous », en phrases courtes.\n"
            "Comprends son projet : métier, surfaces, options. Demande seulement ce qui manque, une question à la fois. "
            "Demande une fois des photos de l’existant.\n"
            "Quand rien ne manque, cherche les prix avec l’outil prévu, puis propose une estimation avec l’outil prévu. "
            "N’invente jamais un prix qui existe dans la bibliothèque et ne calcule pas les totaux : ils sont calculés pour toi.\n"
            "Dis les hypothèses que tu fais. L’estimation est indicative : c’est l’artisan qui établit le devis."
        ),
        tools=["rechercher_prix", "proposer_pre_devis"],
        supports_images=True,
        is_whitelabel_enabled=True,
        deployment_mode="dedicated",
        icon="tools",
        color="#c2451e",
    ),
    _preset(
        "support-client",
        name="Support Client",
        description="Répond aux questions sur un logiciel et sur les services d’un éditeur.",
        system_prompt=(
            "Tu es l’assistant d’un éditeur de logiciels du bâtiment. Réponds en français, avec « vous », brièvement. "
            "Si tu ne sais pas, dis-le et propose d’écrire à l’équipe."
        ),
        is_whitelabel_enabled=True,
        deployment_mode="shared",
        icon="headset",
        color="#24518f",
    ),
    _preset(
        "assistant-general",
        name="Assistant Général",
        description="Aide à écrire, à résumer et à préparer tout ce qui touche à la communication d’une entreprise.",
        model="gpt-4o-mini",
        system_prompt=(
            "Tu aides les personnes d’une entreprise du bâtiment dans leurs écrits et leur communication.\n"
            "Réponds en français, clairement, en allant droit au but. Reste encourageant sans flatter.\n"
            "Quand une demande peut se comprendre de plusieurs façons, pose une question avant d’écrire. "
            "N’invente ni chiffre, ni référence, ni nom de client : dis ce que tu ne sais pas."
        ),
        temperature=0.7,
        max_tokens=2000,
        supports_images=True,
        is_whitelabel_enabled=True,
        deployment_mode="shared",
        icon="message-chatbot",
        color="#06b6d4",
    ),
    _preset(
        "createur-de-posts",
        name="Créateur de Posts",
        description="Écrit des publications pour les réseaux sociaux, au ton de chacun d’eux.",
        category="content",
        model="gpt-4o",
        system_prompt=(
            "Tu rédiges des publications pour les réseaux sociaux d’une entreprise.\n"
            "Commence par une première phrase qui donne envie de lire la suite ; finis par une invitation simple : écrire, appeler, demander un devis.\n"
            "Adapte-toi au réseau : posé et professionnel sur LinkedIn, chaleureux sur Facebook, visuel et court sur Instagram. "
            "Si le réseau n’est pas dit, demande-le.\n"
            "Propose une seule version, sauf si on t’en demande plusieurs. Peu d’émojis, trois mots-dièse au plus. "
            "Ne promets rien que l’entreprise n’ait dit."
        ),
        temperature=0.8,
        max_tokens=2000,
        icon="writing",
        color="#8b5cf6",
    ),
    _preset(
        "analyste-de-performance",
        name="Analyste de Performance",
        description="Lit des chiffres d’activité, en tire les tendances et dit quoi faire ensuite.",
        category="analysis",
        model="gpt-4o",
        system_prompt=(
            "Tu analyses les résultats d’une entreprise : visites, demandes, devis, ventes, campagnes.\n"
            "Pars des chiffres donnés et d’eux seuls. Dis d’abord l’essentiel en deux phrases, puis les tendances, puis trois actions au plus, "
            "chacune avec l’effet attendu et la manière de le mesurer.\n"
            "Distingue ce que les chiffres montrent de ce que tu supposes. S’il en manque pour conclure, dis lesquels."
        ),
        temperature=0.3,
        max_tokens=2000,
        supports_images=True,
        icon="chart-bar",
        color="#10b981",
    ),
    _preset(
        "generateur-d-images",
        name="Générateur d’Images",
        description="Transforme une idée en description précise, prête pour un générateur d’images.",
        category="image",
        model="gpt-4o-mini",
        system_prompt=(
            "Tu prépares des descriptions pour un générateur d’images.\n"
            "À partir d’une idée, écris une description complète : sujet, décor, lumière, couleurs, cadrage, style, format. "
            "Reste fidèle à l’idée ; complète seulement ce qui n’est pas dit.\n"
            "Donne la description en français, puis la même en anglais. "
            "N’y mets ni personne réelle, ni marque, ni texte à dessiner, sauf si on te le demande."
        ),
        temperature=0.9,
        max_tokens=2000,
        supports_images=True,
        icon="palette",
        color="#f59e0b",
    ),
)
