// SPDX-License-Identifier: MIT
// Portuguese.
#include "../phrases.hpp"

namespace oauth::web {

using enum Phrase;

constinit const Language portuguese(
    "pt",
    {
        {sign_in, "Entrar"},
        {sign_in_with, "Entrar com {provider}"},
        {sign_in_new_tab, "Entrar (abre em nova aba)"},
        {sign_in_again, "Entrar novamente"},
        {proceed, "Continuar"},
        {try_again, "Tentar novamente"},
        {use_another_account, "Usar outra conta"},
        {go_to_start, "Ir para a página inicial"},
        {sign_out, "Sair"},
        {stay_signed_in, "Não sair"},

        {last_used, "Última opção usada"},
        {signed_in_as, "Você entrou como {account}."},
        {another_way, "Ou entre de outra forma"},
        {help, "Onde pedir ajuda:"},
        {ask_the_owners,
         "Se precisar de ajuda, fale com os responsáveis por {site} e informe esta referência."},
        {reference, "Referência:"},
        {some_provider, "o serviço de login"},
        {this_site, "este site"},

        {sign_in_title, "Entrar em {site}"},
        {sign_in_what, "Escolha como você quer entrar."},

        {confirm_title, "Quer sair da conta?"},
        {confirm_what, "Você entrou em {site} como {account}. O pedido para encerrar sua sessão pode ter "
                       "vindo de fora deste site, por exemplo, de um link em outra página."},
        {confirm_next, "Se não quiser sair, escolha “Não sair”."},

        {switch_title, "Quer usar outra conta?"},
        {switch_what, "Você entrou em {site} como {account}. Um link pede para encerrar sua sessão, para que "
                      "você possa entrar com outra conta."},
        {switch_next, "Se não quiser sair, escolha “Não sair”."},

        {signed_out_title, "Você saiu da conta"},
        {signed_out_what, "Você saiu de {site}."},
        {signed_out_next, "A sua sessão pode continuar aberta no serviço que você usou para entrar. Se "
                          "outras pessoas usam este dispositivo, saia também desse serviço."},

        {still_title, "Sua sessão ainda está aberta"},
        {still_what, "Você entrou em {site} como {account}."},
        {still_next, "Você pode sair agora ou manter a sessão aberta."},

        {signed_in_title, "Você entrou na conta"},
        {signed_in_what, "Você entrou em {site}."},
        {signed_in_next, "Se a página não abrir sozinha, continue por aqui."},

        {not_sent_title, "Seus dados não foram enviados"},
        {not_sent_what, "Você não entrou em {site}, ou sua sessão já terminou. Por isso, o que você "
                        "preencheu não foi enviado."},
        {not_sent_step_up, "Esta página exige um login mais forte ou mais recente que o seu, por isso o que "
                           "você digitou não foi enviado."},
        {not_sent_next,
         "Para não perder os dados, abra uma nova aba e entre por ela na sua conta. Depois volte para esta "
         "aba, retorne ao formulário com o botão Voltar do navegador e envie-o novamente."},

        {not_found_title, "Esta página não existe"},
        {not_found_what, "{site} não tem nenhuma página neste endereço."},
        {not_found_next, "O link pode estar desatualizado, ou o endereço pode ter um erro de digitação."},
        {not_allowed_what, "Este endereço não aceita solicitações com este método."},

        {login_required_title, "Entre na sua conta"},
        {login_required_what, "Primeiro é preciso entrar em {site}."},
        {login_required_next, "Entre para continuar."},

        {endless_title, "Não é possível entrar por aqui"},
        {endless_what, "É preciso entrar na conta para ver esta página. Mas, por causa de um erro nas "
                       "configurações de {site}, nenhum login pode levar até ela."},
        {endless_next,
         "Tentar novamente não vai adiantar: os responsáveis pelo site precisam corrigir o erro."},

        {step_up_title, "É necessário um login mais forte"},
        {step_up_what, "Esta página exige um login mais forte ou mais recente que o seu."},
        {step_up_next, "Tente novamente e conclua todas as etapas que {provider} pedir. Se isso não ajudar, "
                       "use outra conta ou fale com os responsáveis por {site}."},
        {denied_title, "Você não tem acesso"},
        {denied_what, "Você entrou em {site} como {account}, mas essa conta não tem acesso a esta página."},
        {denied_unknown_what, "A conta que você usou para entrar com {provider} não tem acesso a {site}."},
        {denied_next,
         "Se você tiver outra conta, use-a. Caso contrário, peça acesso aos responsáveis pelo site."},

        {access_denied_title, "O login não foi concluído"},
        {access_denied_what, "O login foi cancelado, ou {provider} não o permitiu."},
        {access_denied_next,
         "Se você cancelou por engano, tente novamente. Se sua conta foi recusada, use outra."},

        {unverified_title, "Seu endereço de e-mail não está confirmado"},
        {unverified_what, "Até agora, {provider} não confirmou o endereço de e-mail da sua conta. Sem essa "
                          "confirmação, você não tem acesso a esta página."},
        {unverified_next, "Confirme seu endereço com {provider} e depois tente novamente."},

        {expired_title, "Este login já não é válido"},
        {expired_what, "O login demorou demais, já foi usado ou foi iniciado em outro navegador."},
        {expired_next, "Comece de novo: leva só um instante. Se acontecer de novo, verifique se o seu "
                       "navegador permite que {site} use cookies."},

        {invalid_title, "Este link não funciona"},
        {invalid_what,
         "O endereço que foi aberto está incompleto ou danificado, por isso {site} não pode usá-lo."},
        {invalid_next, "Comece de novo pela página inicial."},

        {provider_error_title, "Não foi possível entrar"},
        {provider_error_what, "Como {provider} relatou um problema, o login não foi concluído."},
        {provider_error_next,
         "Espere um minuto e depois tente novamente. Se acontecer de novo, avise os responsáveis pelo site."},

        {token_title, "Não foi possível verificar seu login"},
        {token_what, "A resposta que {provider} enviou não passou nas verificações de {site}, por isso o "
                     "login não foi concluído."},
        {token_next, "Tente novamente. Se acontecer de novo, avise os responsáveis pelo site."},

        {unreachable_title, "Sem conexão com {provider}"},
        {unreachable_what,
         "No momento, {site} não consegue se conectar com {provider}, por isso o login não foi concluído."},
        {unreachable_next, "Isso costuma passar logo. Espere um minuto e depois tente novamente."},

        {timeout_title, "No momento, {provider} não responde"},
        {timeout_what, "Como {provider} demorou demais para responder, o login não foi concluído."},
        {timeout_next, "Isso costuma passar logo. Espere um minuto e depois tente novamente."},

        {too_large_title, "Sua conta tem dados demais"},
        {too_large_what, "Sobre a sua conta, {provider} tem mais dados, como grupos, do que {site} consegue "
                         "guardar. Por isso, o login não foi concluído."},
        {too_large_next, "Tentar novamente não vai adiantar: os responsáveis pelo site precisam mudar uma "
                         "configuração. Você pode usar outra conta."},

        {store_title, "Tente novamente em um minuto"},
        {store_what, "No momento, {site} não consegue verificar quem entrou. Sua sessão não foi encerrada."},
        {store_sign_in_what,
         "No momento, {site} não consegue concluir nenhum login, por isso o seu não foi concluído."},
        {store_next, "Espere um minuto e depois tente novamente."},

        {internal_title, "Algo deu errado"},
        {internal_what, "{site} não conseguiu responder por causa de uma falha do próprio site."},
        {internal_next, "Tente novamente. Se acontecer de novo, avise os responsáveis pelo site."},
    });

} // namespace oauth::web
