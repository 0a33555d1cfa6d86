/** Why a draft did not come, in one sentence. */

import { ErrorCodes, ResponseError } from "vscode-languageclient/node";
import { t } from "../l10n";

/** `begun`: part of the draft had come already. */
export function failureSentence(error: unknown, begun: boolean): string {
  if (!(error instanceof ResponseError) || isLostConnection((error as ResponseError<unknown>).code)) {
    return begun
      ? t("The server ended in the middle of this draft; what it had written is kept below, not checked and not complete. Choose Regenerate once it is back.")
      : t("The server ended before it wrote anything; your note is untouched. Choose Regenerate once it is back.");
  }
  // The server's own messages are sentences for the user, in the user's language.
  return error.message;
}

function isLostConnection(code: number): boolean {
  const lost: number[] = [ErrorCodes.PendingResponseRejected, ErrorCodes.ConnectionInactive, ErrorCodes.MessageWriteError];
  return lost.includes(code);
}
