// SPDX-License-Identifier: MIT
// Spanish.
#include "../phrases.hpp"

namespace oauth::web {

using enum Phrase;

constinit const Language spanish(
    "es",
    {
        {sign_in, "Iniciar sesión"},
        {sign_in_with, "Iniciar sesión con {provider}"},
        {sign_in_new_tab, "Iniciar sesión (en una pestaña nueva)"},
        {sign_in_again, "Volver a iniciar sesión"},
        {proceed, "Continuar"},
        {try_again, "Intentar de nuevo"},
        {use_another_account, "Usar otra cuenta"},
        {go_to_start, "Ir a la página de inicio"},
        {sign_out, "Cerrar sesión"},
        {stay_signed_in, "Mantener la sesión abierta"},

        {last_used, "Última opción usada"},
        {signed_in_as, "Ha iniciado sesión como {account}."},
        {another_way, "O inicie sesión de otra forma"},
        {help, "Dónde pedir ayuda:"},
        {ask_the_owners,
         "Si necesita ayuda, póngase en contacto con los responsables de {site} e indique esta referencia."},
        {reference, "Referencia:"},
        {some_provider, "el servicio de identificación"},
        {this_site, "este sitio"},

        {sign_in_title, "Iniciar sesión en {site}"},
        {sign_in_what, "Elija cómo quiere iniciar sesión."},

        {confirm_title, "¿Quiere cerrar sesión?"},
        {confirm_what, "Ha iniciado sesión en {site} como {account}. Es posible que se haya pedido cerrar su "
                       "sesión desde fuera de este sitio, por ejemplo, con un enlace en otra página."},
        {confirm_next, "Si no lo desea, elija «Mantener la sesión abierta»."},

        {switch_title, "¿Quiere usar otra cuenta?"},
        {switch_what, "Ha iniciado sesión en {site} como {account}. Un enlace pide cerrar su sesión para que "
                      "pueda iniciarla con otra cuenta."},
        {switch_next, "Si no lo desea, elija «Mantener la sesión abierta»."},

        {signed_out_title, "Sesión cerrada"},
        {signed_out_what, "Su sesión en {site} está cerrada."},
        {signed_out_next, "Es posible que su sesión siga abierta en el servicio que utilizó para iniciarla. "
                          "Si otras personas usan este dispositivo, cierre la sesión también allí."},

        {still_title, "Su sesión sigue abierta"},
        {still_what, "Ha iniciado sesión en {site} como {account}."},
        {still_next, "Puede cerrar sesión ahora o mantener la sesión abierta."},

        {signed_in_title, "Sesión iniciada"},
        {signed_in_what, "Ha iniciado sesión en {site}."},
        {signed_in_next, "Si la página no se abre sola, continúe aquí."},

        {not_sent_title, "Los datos que introdujo no se han enviado"},
        {not_sent_what, "No ha iniciado sesión en {site}, o su sesión ya no está abierta. Por eso no se han "
                        "enviado sus datos."},
        {not_sent_step_up, "Esta página requiere un inicio de sesión más seguro o más reciente que el suyo, "
                           "así que lo que introdujo no se envió."},
        {not_sent_next, "Para no perderlos, abra una pestaña nueva e inicie sesión en ella, vuelva a esta, "
                        "regrese al formulario con el botón Atrás del navegador y envíelo de nuevo."},

        {not_found_title, "Esta página no existe"},
        {not_found_what, "{site} no tiene ninguna página en esta dirección."},
        {not_found_next, "Puede que el enlace esté desactualizado o que la dirección esté mal escrita."},
        {not_allowed_what, "Esta dirección no admite peticiones con este método."},

        {login_required_title, "Inicie sesión, por favor"},
        {login_required_what, "Primero debe iniciar sesión en {site}."},
        {login_required_next, "Inicie sesión para continuar."},

        {endless_title, "Aquí no es posible iniciar sesión"},
        {endless_what, "Para ver esta página hay que iniciar sesión, pero, por un error en la configuración "
                       "de {site}, ningún inicio de sesión puede llevar hasta ella."},
        {endless_next,
         "Volver a intentarlo no servirá de nada: los responsables del sitio deben corregir el error."},

        {step_up_title, "Se necesita un inicio de sesión más seguro"},
        {step_up_what, "Esta página requiere un inicio de sesión más seguro o más reciente que el suyo."},
        {step_up_next, "Inténtelo de nuevo y complete todos los pasos que pida {provider}. Si eso no basta, "
                       "use otra cuenta o pregunte a los responsables de {site}."},
        {denied_title, "No tiene acceso"},
        {denied_what,
         "Ha iniciado sesión en {site} como {account}, pero esta cuenta no tiene acceso a esta página."},
        {denied_unknown_what, "La cuenta con la que inició sesión en {provider} no tiene acceso a {site}."},
        {denied_next, "Si tiene otra cuenta, úsela. Si no, solicite acceso a los responsables del sitio."},

        {access_denied_title, "No se ha iniciado sesión"},
        {access_denied_what, "El inicio de sesión se canceló, o {provider} no lo permitió."},
        {access_denied_next,
         "Si lo canceló por error, inténtelo de nuevo. Si se rechazó su cuenta, use otra."},

        {unverified_title, "Su dirección de correo electrónico no está confirmada"},
        {unverified_what, "La dirección de correo electrónico de su cuenta no ha sido confirmada por "
                          "{provider}. Sin esa confirmación, no tiene acceso a esta página."},
        {unverified_next, "Confirme su dirección en {provider} y después inténtelo de nuevo."},

        {expired_title, "Este inicio de sesión ya no es válido"},
        {expired_what, "El inicio de sesión tardó demasiado, ya se utilizó o se empezó en otro navegador."},
        {expired_next, "Empiece de nuevo: solo lleva un momento. Si vuelve a ocurrir, compruebe que su "
                       "navegador acepta las cookies de {site}."},

        {invalid_title, "Este enlace no funciona"},
        {invalid_what,
         "La dirección que se abrió está incompleta o dañada, por lo que {site} no puede usarla."},
        {invalid_next, "Empiece de nuevo desde la página de inicio."},

        {provider_error_title, "No se pudo iniciar sesión"},
        {provider_error_what, "Como {provider} informó de un problema, no se ha iniciado sesión."},
        {provider_error_next, "Espere un minuto y después inténtelo de nuevo. Si vuelve a ocurrir, avise a "
                              "los responsables del sitio."},

        {token_title, "No se pudo comprobar su inicio de sesión"},
        {token_what, "La respuesta enviada por {provider} no superó las comprobaciones de {site}, por lo que "
                     "no se ha iniciado sesión."},
        {token_next, "Inténtelo de nuevo. Si vuelve a ocurrir, avise a los responsables del sitio."},

        {unreachable_title, "No se puede conectar con {provider}"},
        {unreachable_what,
         "En este momento {site} no puede conectar con {provider}, por lo que no se ha iniciado sesión."},
        {unreachable_next, "Suele durar poco. Espere un minuto y después inténtelo de nuevo."},

        {timeout_title, "En este momento {provider} no responde"},
        {timeout_what, "Como {provider} tardó demasiado en responder, no se ha iniciado sesión."},
        {timeout_next, "Suele durar poco. Espere un minuto y después inténtelo de nuevo."},

        {too_large_title, "Su cuenta tiene demasiados datos"},
        {too_large_what, "Su cuenta en {provider} tiene más datos, como grupos, de los que {site} puede "
                         "guardar, por lo que no se ha iniciado sesión."},
        {too_large_next, "Volver a intentarlo no servirá de nada: los responsables del sitio deben cambiar "
                         "un ajuste. Puede usar otra cuenta."},

        {store_title, "Inténtelo de nuevo en un minuto, por favor"},
        {store_what,
         "En este momento {site} no puede comprobar quién ha iniciado sesión. Su sesión no se ha cerrado."},
        {store_sign_in_what, "En este momento {site} no puede completar ningún inicio de sesión, por lo que "
                             "no se ha iniciado sesión."},
        {store_next, "Espere un minuto y después inténtelo de nuevo."},

        {internal_title, "Se ha producido un error"},
        {internal_what, "{site} no pudo responder por un fallo propio."},
        {internal_next, "Inténtelo de nuevo. Si vuelve a ocurrir, avise a los responsables del sitio."},
    });

} // namespace oauth::web
