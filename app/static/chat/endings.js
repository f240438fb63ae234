/** The ways a conversation can be closed: each with its own message, and what can be done about it. */

import { language, spaced, told } from "./words.js";

/** Reason by the code of a refusal; the reasons are also those a host page is told (bridge.js). */
const REASONS = {
  session_expired: "expired",
  link_expired: "expired",
  unauthorized: "expired",
  invalid_session: "expired",
  missing_session: "expired",
  link_revoked: "revoked",
  session_revoked: "revoked",
  forbidden: "revoked",
  session_deleted: "deleted",
  not_found: "missing",
  deployment_deactivated: "deactivated",
  deployment_suspended: "deactivated",
  account_suspended: "suspended",
  editor_suspended: "suspended",
  quota_exceeded: "quota",
  budget_exceeded: "quota",
  deployment_quota_exceeded: "quota",
  link_quota_exceeded: "quota",
  message_limit_reached: "full",
  domain_not_allowed: "refused",
  unknown_deployment: "refused",
};

/** Only time is needed: the same conversation may go on later. */
const PASSING = new Set(["suspended", "deactivated", "quota"]);

/**
 * `{reason, title, text, again, anew}` when the error's code ends the conversation, else null. `again`: a new try may work;
 * `anew`: in a site's frame, another conversation may begin.
 */
export function ending(error, embedded = false) {
  const reason = REASONS[error.code];
  if (!reason) return null;
  const anew = embedded && ["expired", "deleted", "missing", "full"].includes(reason);
  const [title, words] = told(embedded && reason === "expired" ? "expiredHere" : reason);
  // Over a quota, the server knows whom to call.
  const text = reason === "quota" && language === "fr" && error.message ? spaced(error.message) : words;
  return { reason, title, text, anew, again: PASSING.has(reason) || error.code === "unauthorized" };
}
