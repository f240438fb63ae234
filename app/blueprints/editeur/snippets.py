"""Code that checks the signature of a webhook, by language: what an integrator copies (003 §15.2 E). The tests run the Python one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """Code in one language."""

    label: str
    code: str


SNIPPETS = {
    "python": Snippet(
        "Python",
        '''import hashlib
import hmac


def est_authentique(corps: bytes, en_tete: str, secret: str) -> bool:
    """corps : les octets reçus, avant toute lecture JSON ; en_tete : X-AiManager-Signature."""
    attendu = "sha256=" + hmac.new(secret.encode(), corps, hashlib.sha256).hexdigest()
    return hmac.compare_digest(attendu, en_tete)
''',
    ),
    "php": Snippet(
        "PHP",
        """<?php
$corps = file_get_contents('php://input');
$signature = $_SERVER['HTTP_X_AIMANAGER_SIGNATURE'] ?? '';
$attendu = 'sha256=' . hash_hmac('sha256', $corps, getenv('AIMANAGER_WEBHOOK_SECRET'));

if (!hash_equals($attendu, $signature)) {
    http_response_code(401);
    exit('Signature refusée');
}

$evenement = json_decode($corps, true);
http_response_code(204);
""",
    ),
    "node": Snippet(
        "Node",
        """import { createHmac, timingSafeEqual } from "node:crypto";

// corps : le Buffer reçu. Avec Express : app.post("/hooks", express.raw({ type: "application/json" }), …)
export function estAuthentique(corps, enTete, secret) {
  const attendu = Buffer.from("sha256=" + createHmac("sha256", secret).update(corps).digest("hex"));
  const recu = Buffer.from(enTete ?? "");
  return attendu.length === recu.length && timingSafeEqual(attendu, recu);
}
""",
    ),
    "csharp": Snippet(
        "C#",
        """using System.Security.Cryptography;
using System.Text;

static bool EstAuthentique(byte[] corps, string enTete, string secret)
{
    byte[] empreinte = HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), corps);
    string attendu = "sha256=" + Convert.ToHexString(empreinte).ToLowerInvariant();
    return CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(attendu), Encoding.UTF8.GetBytes(enTete));
}
""",
    ),
    "java": Snippet(
        "Java",
        """import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

static boolean estAuthentique(byte[] corps, String enTete, String secret) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    String attendu = "sha256=" + HexFormat.of().formatHex(mac.doFinal(corps));
    return MessageDigest.isEqual(attendu.getBytes(StandardCharsets.UTF_8), enTete.getBytes(StandardCharsets.UTF_8));
}
""",
    ),
}
