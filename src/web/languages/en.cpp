// SPDX-License-Identifier: MIT
// English, from which the others are translated.
#include "../phrases.hpp"

namespace oauth::web {

using enum Phrase;

constinit const Language english(
    "en",
    {
        {sign_in, "Sign in"},
        {sign_in_with, "Sign in with {provider}"},
        {sign_in_new_tab, "Sign in (in a new tab)"},
        {sign_in_again, "Sign in again"},
        {proceed, "Continue"},
        {try_again, "Try again"},
        {use_another_account, "Use another account"},
        {go_to_start, "Go to the start page"},
        {sign_out, "Sign out"},
        {stay_signed_in, "Stay signed in"},

        {last_used, "Last used"},
        {signed_in_as, "You are signed in as {account}."},
        {another_way, "Or sign in another way"},
        {help, "Where to get help:"},
        {ask_the_owners, "If you need help, ask the people who run {site} and give them this reference."},
        {reference, "Reference:"},
        {some_provider, "the sign-in service"},
        {this_site, "this site"},

        {sign_in_title, "Sign in to {site}"},
        {sign_in_what, "Choose how you want to sign in."},

        {confirm_title, "Sign out?"},
        {confirm_what, "You are signed in to {site} as {account}. The request to sign you out may have come "
                       "from outside of this site, for example from a link on another page."},
        {confirm_next, "If you do not want that, choose \"Stay signed in\"."},

        {switch_title, "Use another account?"},
        {switch_what, "You are signed in to {site} as {account}. A link asks to sign you out, so that you "
                      "can sign in with another account."},
        {switch_next, "If you do not want that, choose \"Stay signed in\"."},

        {signed_out_title, "You are signed out"},
        {signed_out_what, "Your session at {site} has ended."},
        {signed_out_next, "You may still be signed in at the service that you signed in with. If other "
                          "people use this device, sign out there, too."},

        {still_title, "You are still signed in"},
        {still_what, "You are signed in to {site} as {account}."},
        {still_next, "You can sign out now, or stay signed in."},

        {signed_in_title, "You are signed in"},
        {signed_in_what, "You have signed in to {site}."},
        {signed_in_next, "If the page does not open by itself, continue here."},

        {not_sent_title, "What you entered was not sent"},
        {not_sent_what, "You are not, or no longer, signed in to {site}, so what you entered was not sent."},
        {not_sent_step_up, "This page needs a stronger or more recent sign-in than the one you have, so what "
                           "you entered was not sent."},
        {not_sent_next, "To keep it, open a new tab and sign in there, come back to this one, return to the "
                        "form with your browser's Back button, and send it again."},

        {not_found_title, "There is no such page"},
        {not_found_what, "{site} has no page at this address."},
        {not_found_next, "The link may be out of date, or there may be a typo in the address."},
        {not_allowed_what, "This address does not take requests with this method."},

        {login_required_title, "Please sign in"},
        {login_required_what, "You have to sign in to {site} first."},
        {login_required_next, "Sign in to continue."},

        {endless_title, "Signing in does not work here"},
        {endless_what, "You need to sign in to see this page, but because of a mistake in the settings of "
                       "{site}, signing in cannot bring you here."},
        {endless_next, "Trying again will not help: the people who run the site have to fix it."},

        {step_up_title, "A stronger sign-in is needed"},
        {step_up_what, "This page needs a stronger or more recent sign-in than the one you have."},
        {step_up_next, "Try again, and complete every step that {provider} asks for. If that does not help, "
                       "use another account, or ask the owners of {site}."},
        {denied_title, "You do not have access"},
        {denied_what,
         "You are signed in to {site} as {account}, but this account has no access to this page."},
        {denied_unknown_what, "The account that you used with {provider} has no access to {site}."},
        {denied_next,
         "If you have another account, use that one. Otherwise, ask the people who run the site for access."},

        {access_denied_title, "You were not signed in"},
        {access_denied_what, "The sign-in was cancelled, or {provider} did not allow it."},
        {access_denied_next, "If you cancelled it by mistake, try again. If your account was refused, use "
                             "another one."},

        {unverified_title, "Your e-mail address is not confirmed"},
        {unverified_what, "{provider} has not confirmed the e-mail address of your account, and without that "
                          "you have no access to this page."},
        {unverified_next, "Confirm your address at {provider}, then try again."},

        {expired_title, "This sign-in is no longer valid"},
        {expired_what, "The sign-in took too long, was used before, or was begun in another browser."},
        {expired_next, "Start again: it only takes a moment. If it happens again, check that your browser "
                       "accepts cookies from {site}."},

        {invalid_title, "This link does not work"},
        {invalid_what, "The address that was opened is incomplete or damaged, so {site} cannot use it."},
        {invalid_next, "Start again from the start page."},

        {provider_error_title, "You could not be signed in"},
        {provider_error_what, "{provider} reported a problem, so you were not signed in."},
        {provider_error_next,
         "Wait a minute, then try again. If it happens again, tell the people who run the site."},

        {token_title, "Your sign-in could not be checked"},
        {token_what, "{site} could not verify the answer from {provider}, so you were not signed in."},
        {token_next, "Try again. If it happens again, tell the people who run the site."},

        {unreachable_title, "{provider} cannot be reached"},
        {unreachable_what, "{site} cannot reach {provider} at the moment, so you were not signed in."},
        {unreachable_next, "This is usually over soon. Wait a minute, then try again."},

        {timeout_title, "{provider} does not answer"},
        {timeout_what, "{provider} took too long to answer, so you were not signed in."},
        {timeout_next, "This is usually over soon. Wait a minute, then try again."},

        {too_large_title, "Your account has more data than this site can keep"},
        {too_large_what, "Your account at {provider} has more data, such as groups, than {site} can keep, so "
                         "you were not signed in."},
        {too_large_next, "Trying again will not help: the people who run the site have to change a setting. "
                         "You can try another account."},

        {store_title, "Please try again in a minute"},
        {store_what, "At the moment, {site} cannot check who is signed in. You have not been signed out."},
        {store_sign_in_what, "At the moment, {site} cannot finish a sign-in, so you were not signed in."},
        {store_next, "Wait a minute, then try again."},

        {internal_title, "Something went wrong"},
        {internal_what, "{site} could not answer because of a problem on its side."},
        {internal_next, "Try again. If it happens again, tell the people who run the site."},
    });

} // namespace oauth::web
