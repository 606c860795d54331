// SPDX-License-Identifier: MIT
// French.
#include "../phrases.hpp"

namespace oauth::web {

using enum Phrase;

constinit const Language french(
    "fr",
    {
        {sign_in, "Se connecter"},
        {sign_in_with, "Se connecter avec {provider}"},
        {sign_in_new_tab, "Se connecter (dans un nouvel onglet)"},
        {sign_in_again, "Se reconnecter"},
        {proceed, "Continuer"},
        {try_again, "Réessayer"},
        {use_another_account, "Utiliser un autre compte"},
        {go_to_start, "Aller à la page d’accueil"},
        {sign_out, "Se déconnecter"},
        {stay_signed_in, "Ne pas se déconnecter"},

        {last_used, "Utilisé la dernière fois"},
        {signed_in_as, "Votre session est ouverte avec le compte {account}."},
        {another_way, "Ou connectez-vous autrement"},
        {help, "Pour obtenir de l’aide :"},
        {ask_the_owners, "Si vous avez besoin d’aide, contactez les personnes qui gèrent {site} en indiquant "
                         "cette référence."},
        {reference, "Référence :"},
        {some_provider, "le service de connexion"},
        {this_site, "ce site"},

        {sign_in_title, "Connexion à {site}"},
        {sign_in_what, "Choisissez comment vous connecter."},

        {confirm_title, "Voulez-vous vous déconnecter ?"},
        {confirm_what,
         "Votre session est ouverte sur {site} avec le compte {account}. Votre déconnexion a peut-être été "
         "demandée depuis l’extérieur de ce site, par exemple par un lien sur une autre page."},
        {confirm_next, "Si vous ne le souhaitez pas, choisissez « Ne pas se déconnecter »."},

        {switch_title, "Voulez-vous utiliser un autre compte ?"},
        {switch_what, "Votre session est ouverte sur {site} avec le compte {account}. Un lien demande votre "
                      "déconnexion, pour que vous puissiez vous connecter avec un autre compte."},
        {switch_next, "Si vous ne le souhaitez pas, choisissez « Ne pas se déconnecter »."},

        {signed_out_title, "Votre session est fermée"},
        {signed_out_what, "Votre session sur {site} est fermée."},
        {signed_out_next,
         "Votre session est peut-être encore ouverte auprès du service que vous avez utilisé pour vous "
         "connecter. Si d’autres personnes utilisent cet appareil, déconnectez-vous aussi de ce service."},

        {still_title, "Votre session est toujours ouverte"},
        {still_what, "Votre session est ouverte sur {site} avec le compte {account}."},
        {still_next, "Vous pouvez vous déconnecter maintenant ou garder votre session ouverte."},

        {signed_in_title, "Connexion réussie"},
        {signed_in_what, "Votre session est ouverte sur {site}."},
        {signed_in_next, "Si la page ne s’ouvre pas automatiquement, continuez ici."},

        {not_sent_title, "Votre saisie n’a pas été envoyée"},
        {not_sent_what, "Votre session sur {site} n’est pas ouverte, ou ne l’est plus. Votre saisie n’a donc "
                        "pas été envoyée."},
        {not_sent_step_up, "Cette page demande une connexion plus forte ou plus récente que la vôtre : votre "
                           "saisie n’a donc pas été envoyée."},
        {not_sent_next,
         "Pour la conserver, ouvrez un nouvel onglet et connectez-vous-y. Revenez ensuite à l’onglet actuel, "
         "retournez au formulaire avec le bouton Retour de votre navigateur, puis envoyez-le de nouveau."},

        {not_found_title, "Cette page n’existe pas"},
        {not_found_what, "Il n’y a pas de page à cette adresse sur {site}."},
        {not_found_next,
         "Le lien n’est peut-être plus à jour, ou l’adresse contient peut-être une faute de frappe."},
        {not_allowed_what, "Cette adresse n’accepte pas les requêtes avec cette méthode."},

        {login_required_title, "Veuillez vous connecter"},
        {login_required_what, "Vous devez d’abord vous connecter à {site}."},
        {login_required_next, "Connectez-vous pour continuer."},

        {endless_title, "Impossible de se connecter ici"},
        {endless_what, "Il faut se connecter pour voir cette page. Mais à cause d’une erreur de "
                       "configuration sur {site}, aucune connexion ne peut y mener."},
        {endless_next,
         "Réessayer ne servira à rien : les responsables du site doivent corriger cette erreur."},

        {step_up_title, "Une connexion plus forte est nécessaire"},
        {step_up_what, "Cette page demande une connexion plus forte ou plus récente que la vôtre."},
        {step_up_next, "Réessayez et suivez toutes les étapes que {provider} demande. Si cela ne suffit pas, "
                       "utilisez un autre compte ou adressez-vous aux personnes qui gèrent {site}."},
        {denied_title, "Accès non autorisé"},
        {denied_what, "Votre session est ouverte sur {site} avec le compte {account}, mais ce compte n’a pas "
                      "accès à cette page."},
        {denied_unknown_what, "Le compte que vous avez utilisé avec {provider} n’a pas accès à {site}."},
        {denied_next,
         "Si vous avez un autre compte, utilisez-le. Sinon, demandez l’accès aux responsables du site."},

        {access_denied_title, "La connexion n’a pas eu lieu"},
        {access_denied_what, "La connexion a été annulée, ou {provider} ne l’a pas autorisée."},
        {access_denied_next,
         "Si vous l’avez annulée par erreur, réessayez. Si votre compte a été refusé, utilisez-en un autre."},

        {unverified_title, "Votre adresse e-mail n’est pas confirmée"},
        {unverified_what, "L’adresse e-mail de votre compte n’a pas été confirmée par {provider}. Sans cette "
                          "confirmation, vous n’avez pas accès à cette page."},
        {unverified_next, "Faites confirmer votre adresse par {provider}, puis réessayez."},

        {expired_title, "Cette connexion n’est plus valable"},
        {expired_what, "La connexion a pris trop de temps, a déjà été utilisée ou a été commencée dans un "
                       "autre navigateur."},
        {expired_next, "Recommencez : cela ne prend qu’un instant. Si cela se reproduit, vérifiez que votre "
                       "navigateur autorise les cookies sur {site}."},

        {invalid_title, "Ce lien ne fonctionne pas"},
        {invalid_what, "L’adresse ouverte est incomplète ou altérée : {site} ne peut pas l’utiliser."},
        {invalid_next, "Recommencez depuis la page d’accueil."},

        {provider_error_title, "La connexion a échoué"},
        {provider_error_what, "Un problème a été signalé par {provider}. La connexion n’a donc pas eu lieu."},
        {provider_error_next,
         "Attendez une minute, puis réessayez. Si cela se reproduit, signalez-le aux responsables du site."},

        {token_title, "Votre connexion n’a pas pu être vérifiée"},
        {token_what, "La réponse envoyée par {provider} n’a pas passé les contrôles effectués par {site}. La "
                     "connexion n’a donc pas eu lieu."},
        {token_next, "Réessayez. Si cela se reproduit, signalez-le aux responsables du site."},

        {unreachable_title, "Impossible de joindre {provider}"},
        {unreachable_what,
         "Pour le moment, {site} ne parvient pas à joindre {provider}. La connexion n’a donc pas eu lieu."},
        {unreachable_next, "En général, cela ne dure pas. Attendez une minute, puis réessayez."},

        {timeout_title, "Pour le moment, {provider} ne répond pas"},
        {timeout_what,
         "Cette fois, {provider} a mis trop de temps à répondre. La connexion n’a donc pas eu lieu."},
        {timeout_next, "En général, cela ne dure pas. Attendez une minute, puis réessayez."},

        {too_large_title, "Votre compte contient trop de données"},
        {too_large_what,
         "Votre compte géré par {provider} contient trop de données, par exemple des groupes : {site} ne "
         "peut pas toutes les conserver. La connexion n’a donc pas eu lieu."},
        {too_large_next, "Réessayer ne servira à rien : les responsables du site doivent modifier un "
                         "paramètre. Vous pouvez utiliser un autre compte."},

        {store_title, "Veuillez réessayer dans une minute"},
        {store_what,
         "Pour le moment, {site} ne peut pas vérifier qui est connecté. Votre session n’a pas été fermée."},
        {store_sign_in_what, "Pour le moment, {site} ne parvient pas à terminer les connexions. La connexion "
                             "n’a donc pas eu lieu."},
        {store_next, "Attendez une minute, puis réessayez."},

        {internal_title, "Une erreur s’est produite"},
        {internal_what, "{site} n’a pas pu répondre à cause d’un problème de son côté."},
        {internal_next, "Réessayez. Si cela se reproduit, signalez-le aux responsables du site."},
    });

} // namespace oauth::web
