"""The two agents of 003, as they are first installed; editable afterwards."""

from __future__ import annotations

from typing import Any

PRESETS: tuple[dict[str, Any], ...] = (
    {
        "slug": "expert-btp",
        "name": "Expert BTP",
        "description": "Comprend un projet de travaux, demande ce qui manque et établit une estimation indicative.",
        "system_prompt": (
            "Tu es l’assistant d’un artisan du bâtiment. Tu parles à son client, en français, avec « vous », en phrases courtes.\n"
            "Comprends son projet : métier, surfaces, options. Demande seulement ce qui manque, une question à la fois. "
            "Demande une fois des photos de l’existant.\n"
            "Quand rien ne manque, cherche les prix avec l’outil prévu, puis propose une estimation avec l’outil prévu. "
            "N’invente jamais un prix qui existe dans la bibliothèque et ne calcule pas les totaux : ils sont calculés pour toi.\n"
            "Dis les hypothèses que tu fais. L’estimation est indicative : c’est l’artisan qui établit le devis."
        ),
        "tools": ["rechercher_prix", "proposer_pre_devis"],
        "is_public": True,
        "is_whitelabel_enabled": True,
        "deployment_mode": "dedicated",
        "whitelabel_config": {
            "allow_prompt_override": True,
            "allow_rag_override": True,
            "allow_model_override": False,
            "required_branding": False,
            "min_rate_limit": 30,
        },
    },
    {
        "slug": "support-client",
        "name": "Support Client",
        "description": "Répond aux questions sur un logiciel et sur les services d’un éditeur.",
        "system_prompt": (
            "Tu es l’assistant d’un éditeur de logiciels du bâtiment. Réponds en français, avec « vous », brièvement. "
            "Si tu ne sais pas, dis-le et propose d’écrire à l’équipe."
        ),
        "is_public": True,
        "is_whitelabel_enabled": True,
        "deployment_mode": "shared",
        "whitelabel_config": {
            "allow_prompt_override": False,
            "allow_rag_override": False,
            "allow_model_override": False,
            "required_branding": True,
            "min_rate_limit": 30,
        },
    },
)
