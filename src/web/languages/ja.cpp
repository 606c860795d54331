// SPDX-License-Identifier: MIT
// Japanese.
#include "../phrases.hpp"

namespace oauth::web {

using enum Phrase;

constinit const Language japanese(
    "ja",
    {
        {sign_in, "ログイン"},
        {sign_in_with, "{provider}でログイン"},
        {sign_in_new_tab, "ログイン（新しいタブで開く）"},
        {sign_in_again, "もう一度ログイン"},
        {proceed, "続ける"},
        {try_again, "もう一度試す"},
        {use_another_account, "別のアカウントを使う"},
        {go_to_start, "トップページへ"},
        {sign_out, "ログアウト"},
        {stay_signed_in, "ログインしたままにする"},

        {last_used, "前回使用"},
        {signed_in_as, "{account}でログインしています。"},
        {another_way, "または別の方法でログイン"},
        {help, "お問い合わせ先："},
        {ask_the_owners, "お困りの場合は、{site}の運営者にお問い合わせのうえ、"
                         "この参照コードをお伝えください。"},
        {reference, "参照コード："},
        {some_provider, "ログインサービス"},
        {this_site, "このサイト"},

        {sign_in_title, "{site}にログイン"},
        {sign_in_what, "ログイン方法を選んでください。"},

        {confirm_title, "ログアウトしますか？"},
        {confirm_what,
         "{account}で{site}にログインしています。"
         "このサイトの外（別のページのリンクなど）から、ログアウトが求められた可能性があります。"},
        {confirm_next, "ログアウトしたくない場合は、「ログインしたままにする」を選んでください。"},

        {switch_title, "別のアカウントを使いますか？"},
        {switch_what, "{account}で{site}にログインしています。"
                      "別のアカウントでログインできるように、リンクからログアウトが求められました。"},
        {switch_next, "ログアウトしたくない場合は、「ログインしたままにする」を選んでください。"},

        {signed_out_title, "ログアウトしました"},
        {signed_out_what, "{site}からログアウトしました。"},
        {signed_out_next, "ログインに使ったサービスには、まだログインしている可能性があります。この端末を"
                          "ほかの人も使う場合は、そのサービスからもログアウトしてください。"},

        {still_title, "まだログインしています"},
        {still_what, "{account}で{site}にログインしています。"},
        {still_next, "今すぐログアウトすることも、ログインしたままにすることもできます。"},

        {signed_in_title, "ログインしました"},
        {signed_in_what, "{site}にログインしました。"},
        {signed_in_next, "ページが自動的に開かない場合は、こちらから続けてください。"},

        {not_sent_title, "入力内容は送信されていません"},
        {not_sent_what, "{site}にログインしていないか、ログイン状態が終了しているため、"
                        "入力内容は送信されませんでした。"},
        {not_sent_step_up, "このページには、現在のログインよりも強い、または新しい認証が必要なため、入力内容"
                           "は送信されませんでした。"},
        {not_sent_next, "入力内容を残すには、新しいタブを開いてログインしてからこのタブに戻り、"
                        "ブラウザの戻るボタンでフォームに戻って、もう一度送信してください。"},

        {not_found_title, "このページは存在しません"},
        {not_found_what, "{site}には、このURLのページはありません。"},
        {not_found_next, "リンクが古いか、URLに入力ミスがある可能性があります。"},
        {not_allowed_what, "このURLでは、このメソッドのリクエストは受け付けていません。"},

        {login_required_title, "ログインしてください"},
        {login_required_what, "先に{site}にログインする必要があります。"},
        {login_required_next, "続けるにはログインしてください。"},

        {endless_title, "ここではログインできません"},
        {endless_what, "このページを見るにはログインが必要ですが、"
                       "{site}の設定に誤りがあるため、ログインしてもこのページにはたどり着けません。"},
        {endless_next, "もう一度試しても解決しません。サイトの運営者が設定を直す必要があります。"},

        {step_up_title, "より強い認証が必要です"},
        {step_up_what, "このページには、現在のログインよりも強い、または新しい認証が必要です。"},
        {step_up_next, "もう一度試して、{provider}"
                       "が求める手順をすべて完了してください。解決しない場合は、別のアカウントを使うか、{"
                       "site}の管理者にお問い合わせください。"},
        {denied_title, "アクセス権がありません"},
        {denied_what, "{account}で{site}にログインしていますが、"
                      "このアカウントにはこのページへのアクセス権がありません。"},
        {denied_unknown_what, "{provider}でログインしたアカウントには、{site}へのアクセス権がありません。"},
        {denied_next, "別のアカウントをお持ちの場合は、そちらを使ってください。"
                      "お持ちでない場合は、サイトの運営者にアクセス権を依頼してください。"},

        {access_denied_title, "ログインは行われませんでした"},
        {access_denied_what, "ログインがキャンセルされたか、{provider}で許可されませんでした。"},
        {access_denied_next, "誤ってキャンセルした場合は、もう一度お試しください。"
                             "アカウントが拒否された場合は、別のアカウントを使ってください。"},

        {unverified_title, "メールアドレスが確認されていません"},
        {unverified_what, "アカウントのメールアドレスが{provider}で確認されていません。"
                          "確認されていないと、このページにはアクセスできません。"},
        {unverified_next, "{provider}でメールアドレスの確認を済ませてから、もう一度お試しください。"},

        {expired_title, "このログインは無効になりました"},
        {expired_what, "ログインに時間がかかりすぎたか、すでに使用されたか、"
                       "別のブラウザで開始されたため、このログインは続けられません。"},
        {expired_next,
         "最初からやり直してください。すぐに終わります。"
         "また同じことが起きた場合は、ブラウザで{site}のCookieが許可されているかご確認ください。"},

        {invalid_title, "このリンクは使えません"},
        {invalid_what, "開いたURLが不完全か壊れているため、{site}では使えません。"},
        {invalid_next, "トップページからやり直してください。"},

        {provider_error_title, "ログインできませんでした"},
        {provider_error_what, "{provider}から問題が報告されたため、ログインできませんでした。"},
        {provider_error_next, "1分ほど待ってから、もう一度お試しください。"
                              "また同じことが起きた場合は、サイトの運営者にお知らせください。"},

        {token_title, "ログインを確認できませんでした"},
        {token_what, "{provider}からの応答が{site}のチェックを通らなかったため、"
                     "ログインできませんでした。"},
        {token_next, "もう一度お試しください。また同じことが起きた場合は、"
                     "サイトの運営者にお知らせください。"},

        {unreachable_title, "{provider}に接続できません"},
        {unreachable_what, "現在、{site}から{provider}に接続できないため、ログインできませんでした。"},
        {unreachable_next, "通常はすぐに復旧します。1分ほど待ってから、もう一度お試しください。"},

        {timeout_title, "{provider}から応答がありません"},
        {timeout_what, "{provider}の応答に時間がかかりすぎたため、ログインできませんでした。"},
        {timeout_next, "通常はすぐに復旧します。1分ほど待ってから、もう一度お試しください。"},

        {too_large_title, "アカウントのデータが多すぎます"},
        {too_large_what, "{provider}のアカウントのデータ（グループなど）が、"
                         "{site}で保存できる量を超えているため、ログインできませんでした。"},
        {too_large_next, "もう一度試しても解決しません。サイトの運営者が設定を変更する必要があります。"
                         "別のアカウントを使うことはできます。"},

        {store_title, "1分ほど待ってから、もう一度お試しください"},
        {store_what, "現在、{site}では誰がログインしているかを確認できません。"
                     "ログアウトされたわけではありません。"},
        {store_sign_in_what,
         "現在、{site}ではログインを完了できません。そのため、ログインは行われませんでした。"},
        {store_next, "1分ほど待ってから、もう一度お試しください。"},

        {internal_title, "問題が発生しました"},
        {internal_what, "{site}側の問題により、応答できませんでした。"},
        {internal_next, "もう一度お試しください。また同じことが起きた場合は、"
                        "サイトの運営者にお知らせください。"},
    });

} // namespace oauth::web
