// SPDX-License-Identifier: MIT
// German.
#include "../phrases.hpp"

namespace oauth::web {

using enum Phrase;

constinit const Language german(
    "de",
    {
        {sign_in, "Anmelden"},
        {sign_in_with, "Mit {provider} anmelden"},
        {sign_in_new_tab, "Anmelden (in neuem Tab)"},
        {sign_in_again, "Erneut anmelden"},
        {proceed, "Weiter"},
        {try_again, "Noch einmal versuchen"},
        {use_another_account, "Anderes Konto verwenden"},
        {go_to_start, "Zur Startseite"},
        {sign_out, "Abmelden"},
        {stay_signed_in, "Angemeldet bleiben"},

        {last_used, "Zuletzt verwendet"},
        {signed_in_as, "Sie sind als {account} angemeldet."},
        {another_way, "Oder auf andere Weise anmelden"},
        {help, "Hilfe bekommen Sie hier:"},
        {ask_the_owners, "Wenn Sie Hilfe brauchen, wenden Sie sich an die Betreiber von {site} und geben Sie "
                         "diese Referenz an."},
        {reference, "Referenz:"},
        {some_provider, "das Anmeldesystem"},
        {this_site, "dieser Website"},

        {sign_in_title, "Bei {site} anmelden"},
        {sign_in_what, "Wählen Sie, wie Sie sich anmelden möchten."},

        {confirm_title, "Möchten Sie sich abmelden?"},
        {confirm_what,
         "Sie sind bei {site} als {account} angemeldet. Ihre Abmeldung wurde möglicherweise von außerhalb "
         "dieser Website angefordert, zum Beispiel über einen Link auf einer anderen Seite."},
        {confirm_next, "Wenn Sie das nicht möchten, wählen Sie „Angemeldet bleiben“."},

        {switch_title, "Möchten Sie ein anderes Konto verwenden?"},
        {switch_what, "Sie sind bei {site} als {account} angemeldet. Über einen Link sollen Sie abgemeldet "
                      "werden, damit Sie sich mit einem anderen Konto anmelden können."},
        {switch_next, "Wenn Sie das nicht möchten, wählen Sie „Angemeldet bleiben“."},

        {signed_out_title, "Sie sind abgemeldet"},
        {signed_out_what, "Sie sind bei {site} abgemeldet."},
        {signed_out_next,
         "Bei dem Dienst, mit dem Sie sich angemeldet haben, sind Sie vielleicht noch angemeldet. Wenn auch "
         "andere dieses Gerät benutzen, melden Sie sich auch dort ab."},

        {still_title, "Sie sind noch angemeldet"},
        {still_what, "Sie sind bei {site} als {account} angemeldet."},
        {still_next, "Sie können sich jetzt abmelden oder angemeldet bleiben."},

        {signed_in_title, "Sie sind angemeldet"},
        {signed_in_what, "Sie haben sich bei {site} angemeldet."},
        {signed_in_next, "Wenn sich die Seite nicht von selbst öffnet, geht es hier weiter."},

        {not_sent_title, "Ihre Eingaben wurden nicht gesendet"},
        {not_sent_what,
         "Sie sind nicht (mehr) bei {site} angemeldet. Deshalb wurden Ihre Eingaben nicht gesendet."},
        {not_sent_step_up, "Diese Seite verlangt eine stärkere oder neuere Anmeldung als Ihre jetzige. Ihre "
                           "Eingaben wurden daher nicht gesendet."},
        {not_sent_next, "Damit sie erhalten bleiben, öffnen Sie einen neuen Tab und melden Sie sich dort an. "
                        "Kehren Sie dann zu diesem Tab zurück, gehen Sie mit der Zurück-Taste Ihres Browsers "
                        "wieder zum Formular und senden Sie es noch einmal ab."},

        {not_found_title, "Diese Seite gibt es nicht"},
        {not_found_what, "Unter dieser Adresse gibt es bei {site} keine Seite."},
        {not_found_next, "Vielleicht ist der Link veraltet oder die Adresse enthält einen Tippfehler."},
        {not_allowed_what, "Diese Adresse nimmt keine Anfragen mit dieser Methode an."},

        {login_required_title, "Bitte melden Sie sich an"},
        {login_required_what, "Dafür müssen Sie sich zuerst bei {site} anmelden."},
        {login_required_next, "Melden Sie sich an, um fortzufahren."},

        {endless_title, "Hier können Sie sich nicht anmelden"},
        {endless_what, "Für diese Seite müssten Sie sich anmelden. Wegen eines Fehlers in den Einstellungen "
                       "von {site} führt aber keine Anmeldung hierher."},
        {endless_next, "Ein neuer Versuch hilft nicht: Den Fehler müssen die Betreiber der Website beheben."},

        {step_up_title, "Eine stärkere Anmeldung ist nötig"},
        {step_up_what, "Diese Seite verlangt eine stärkere oder neuere Anmeldung als Ihre jetzige."},
        {step_up_next,
         "Versuchen Sie es noch einmal, und führen Sie alle Schritte aus, die {provider} verlangt. Hilft das "
         "nicht, verwenden Sie ein anderes Konto, oder fragen Sie die Verantwortlichen von {site}."},
        {denied_title, "Sie haben keinen Zugriff"},
        {denied_what, "Sie sind bei {site} als {account} angemeldet, aber dieses Konto hat keinen Zugriff "
                      "auf diese Seite."},
        {denied_unknown_what,
         "Das Konto, mit dem Sie sich über {provider} angemeldet haben, hat keinen Zugang zu {site}."},
        {denied_next, "Wenn Sie ein anderes Konto haben, verwenden Sie dieses. Bitten Sie andernfalls die "
                      "Betreiber der Website um Zugriff."},

        {access_denied_title, "Sie wurden nicht angemeldet"},
        {access_denied_what, "Die Anmeldung wurde abgebrochen, oder {provider} hat sie nicht zugelassen."},
        {access_denied_next, "Wenn Sie versehentlich abgebrochen haben, versuchen Sie es noch einmal. Wenn "
                             "Ihr Konto abgelehnt wurde, verwenden Sie ein anderes."},

        {unverified_title, "Ihre E-Mail-Adresse ist nicht bestätigt"},
        {unverified_what, "Bisher hat {provider} die E-Mail-Adresse Ihres Kontos nicht bestätigt. Ohne diese "
                          "Bestätigung haben Sie keinen Zugriff auf diese Seite."},
        {unverified_next,
         "Bestätigen Sie Ihre Adresse über {provider} und versuchen Sie es dann noch einmal."},

        {expired_title, "Diese Anmeldung ist nicht mehr gültig"},
        {expired_what, "Die Anmeldung hat zu lange gedauert, wurde schon verwendet oder wurde in einem "
                       "anderen Browser begonnen."},
        {expired_next, "Beginnen Sie von vorn: Es dauert nur einen Moment. Wenn es wieder passiert, prüfen "
                       "Sie, ob Ihr Browser Cookies von {site} annimmt."},

        {invalid_title, "Dieser Link funktioniert nicht"},
        {invalid_what, "Die aufgerufene Adresse ist unvollständig oder fehlerhaft. Deshalb funktioniert sie "
                       "bei {site} nicht."},
        {invalid_next, "Beginnen Sie noch einmal auf der Startseite."},

        {provider_error_title, "Die Anmeldung hat nicht geklappt"},
        {provider_error_what,
         "Leider hat {provider} ein Problem gemeldet. Deshalb wurden Sie nicht angemeldet."},
        {provider_error_next, "Warten Sie eine Minute und versuchen Sie es dann noch einmal. Wenn es wieder "
                              "passiert, sagen Sie den Betreibern der Website Bescheid."},

        {token_title, "Ihre Anmeldung konnte nicht geprüft werden"},
        {token_what, "Die Antwort, die {provider} gesendet hat, bestand die Prüfung bei {site} nicht. "
                     "Deshalb wurden Sie nicht angemeldet."},
        {token_next, "Versuchen Sie es noch einmal. Wenn es wieder passiert, sagen Sie den Betreibern der "
                     "Website Bescheid."},

        {unreachable_title, "Zurzeit ist {provider} nicht erreichbar"},
        {unreachable_what,
         "Von {site} aus ist {provider} im Moment nicht erreichbar. Deshalb wurden Sie nicht angemeldet."},
        {unreachable_next,
         "Meist ist das schnell vorbei. Warten Sie eine Minute und versuchen Sie es dann noch einmal."},

        {timeout_title, "Zurzeit antwortet {provider} nicht"},
        {timeout_what,
         "Für die Antwort hat {provider} zu lange gebraucht. Deshalb wurden Sie nicht angemeldet."},
        {timeout_next,
         "Meist ist das schnell vorbei. Warten Sie eine Minute und versuchen Sie es dann noch einmal."},

        {too_large_title, "Ihr Konto enthält zu viele Daten"},
        {too_large_what, "Zu Ihrem Konto hat {provider} mehr Daten, zum Beispiel Gruppen, als bei {site} "
                         "gespeichert werden können. Deshalb wurden Sie nicht angemeldet."},
        {too_large_next, "Ein neuer Versuch hilft nicht: Die Betreiber der Website müssen eine Einstellung "
                         "ändern. Sie können ein anderes Konto verwenden."},

        {store_title, "Bitte versuchen Sie es in einer Minute noch einmal"},
        {store_what,
         "Bei {site} lässt sich im Moment nicht prüfen, wer angemeldet ist. Sie wurden nicht abgemeldet."},
        {store_sign_in_what,
         "Bei {site} lässt sich im Moment keine Anmeldung abschließen. Deshalb wurden Sie nicht angemeldet."},
        {store_next, "Warten Sie eine Minute und versuchen Sie es dann noch einmal."},

        {internal_title, "Etwas ist schiefgelaufen"},
        {internal_what, "Bei {site} ist ein Fehler aufgetreten. Deshalb war keine Antwort möglich."},
        {internal_next, "Versuchen Sie es noch einmal. Wenn es wieder passiert, sagen Sie den Betreibern der "
                        "Website Bescheid."},
    });

} // namespace oauth::web
