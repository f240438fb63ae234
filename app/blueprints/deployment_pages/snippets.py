"""Code that an integrator copies, with his own key in it: for his pages, and for his server. The tests run the Python and Node ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code in one language, and a word about where it goes."""

    label: str
    language: str
    code: str
    note: str = ""


_SCRIPT = """<script src="{base}/widget/v1/loader.js" data-deployment-key="{key}" async></script>
"""
_OPTIONS = """<script>
  window.AiManagerConfig = {{
    deploymentKey: "{key}",
    position: "bottom-right", // ou "bottom-left"
    theme: "auto", // ou "light", "dark"
    locale: "fr", // ou "en"
    context: {{ page: "devis", devis: "DEV-2026-001" }},
    identity: null, // voir « Reconnaître vos utilisateurs »
    onReady: (widget) => console.log("Assistant prêt"),
    onError: (erreur) => console.warn(erreur.code, erreur.message),
  }};
</script>
<script src="{base}/widget/v1/loader.js" async></script>
"""
_INLINE = """<div id="assistant"></div>
<script>
  window.AiManagerConfig = {{
    deploymentKey: "{key}",
    position: "inline",
    containerSelector: "#assistant",
  }};
</script>
<script src="{base}/widget/v1/loader.js" async></script>
"""
_SPA = """// Monte l’assistant et rend de quoi le démonter. React : useEffect(() => monterAssistant(), []).
// Vue : const demonter = monterAssistant() dans onMounted, demonter() dans onUnmounted.
export function monterAssistant(options = {{}}) {{
  window.AiManagerConfig = {{ deploymentKey: "{key}", ...options }};
  const script = document.createElement("script");
  script.src = "{base}/widget/v1/loader.js";
  script.async = true;
  document.head.append(script);
  return () => {{
    window.AiManagerWidget?.destroy();
    script.remove();
  }};
}}
"""
_PAGES = {
    "script": (
        "Une ligne",
        "html",
        _SCRIPT,
        "Avant la fin de la page : un bouton apparaît en bas à droite. Rien n’est enregistré avant qu’il soit ouvert.",
    ),
    "options": (
        "Avec options",
        "html",
        _OPTIONS,
        "Ce que dit « context » aide l’assistant à répondre, et n’autorise rien : n’y mettez rien de secret.",
    ),
    "inline": ("Dans la page", "html", _INLINE, "L’assistant remplit l’élément que vous nommez, sans bouton."),
    "spa": ("Application", "javascript", _SPA, "Pour React, Vue ou un autre cadre qui monte et démonte ses écrans."),
}
_CSP = """script-src {base};
connect-src {base};
frame-src {base};
"""
_PYTHON = '''import base64
import hashlib
import hmac
import json
import os
import time


def identite(user_id: str, contexte: dict, duree: int = 3600) -> dict:
    """Ce que votre page donne à AiManagerConfig.identity ; duree : 24 heures au plus, en secondes."""
    objet = json.dumps({"user_id": user_id, "exp": int(time.time()) + duree, "context": contexte}).encode()
    secret = os.environ["AIMANAGER_IDENTITY_SECRET"].encode()
    return {
        "payload": base64.urlsafe_b64encode(objet).decode(),
        "signature": hmac.new(secret, objet, hashlib.sha256).hexdigest(),
    }
'''
_PHP = """<?php
// Ce que votre page donne à AiManagerConfig.identity ; $duree : 24 heures au plus, en secondes.
function identite(string $userId, array $contexte, int $duree = 3600): array
{
    $objet = json_encode(
        ['user_id' => $userId, 'exp' => time() + $duree, 'context' => (object) $contexte],
        JSON_THROW_ON_ERROR
    );

    return [
        'payload' => strtr(base64_encode($objet), '+/', '-_'),
        'signature' => hash_hmac('sha256', $objet, getenv('AIMANAGER_IDENTITY_SECRET')),
    ];
}
"""
_NODE = """import { createHmac } from "node:crypto";

// Ce que votre page donne à AiManagerConfig.identity ; duree : 24 heures au plus, en secondes.
export function identite(userId, contexte, duree = 3600) {
  const exp = Math.floor(Date.now() / 1000) + duree;
  const objet = Buffer.from(JSON.stringify({ user_id: userId, exp, context: contexte }));
  return {
    payload: objet.toString("base64url"),
    signature: createHmac("sha256", process.env.AIMANAGER_IDENTITY_SECRET).update(objet).digest("hex"),
  };
}
"""
SERVER = {
    "python": Snippet("Python", "python", _PYTHON),
    "php": Snippet("PHP", "php", _PHP),
    "node": Snippet("Node", "javascript", _NODE),
}
"""How a server signs who its user is, with the context that only it may say."""


def page_snippets(base_url: str, deployment_key: str) -> dict[str, Snippet]:
    """Code for a host page, by way of showing the assistant."""
    return {
        slug: Snippet(label, language, code.format(base=base_url, key=deployment_key), note)
        for slug, (label, language, code, note) in _PAGES.items()
    }


def policy_lines(base_url: str) -> str:
    """What a strict content security policy of the host page must allow."""
    return _CSP.format(base=base_url)
