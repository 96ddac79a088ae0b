"""All that FreeMarker reads, behind a condition that never holds: whether it is refused before it runs."""

# One template a line, however long it is.
# ruff: noqa: E501

_CONSTRUCTS = {
    "include": "<#include 'x'><#include 'x' parse=true encoding='UTF-8' ignore_missing=true>",
    "import": "<#import 'x' as y>${y.a}<@y.b/>",
    "visit": "<#visit x><#visit x using y><#visit x using [y, 'z']/>",
    "recurse": "<#recurse><#recurse x><#recurse using y><#recurse x using y/>",
    "transform": "<#transform x>a</#transform><#transform x a=1 b='c'>d</#transform>",
    "call": "<#call m><#call m(1, 2)><#call m 1 2/>",
    "output formats": "<#outputformat 'HTML'>${s}</#outputformat><#outputformat 'XML'><#noautoesc>${s}</#noautoesc></#outputformat>",
    "no auto-escaping": "<#noautoesc>${s}</#noautoesc>",
    "assigning into a namespace": "<#assign x = 1 in y><#assign a = 1 b = 2 in y><#assign x in y>a</#assign><#global a = 1>",
    "running text": "${s?eval} ${s?eval_json} ${s?interpret?size} <@s?interpret/> ${s?new()} ${s?new(1)?c} ${s?api.b()} ${s?has_api?c}",
    "arguments ahead": "${f?with_args([1])(2)} ${f?with_args_last([1])(2)} <@f?with_args({'a': 1})/>",
    "xml": "${s?node_name}${s?node_type}${s?node_namespace}${s?parent}${s?root}${s?children?size}${s?ancestors?size}${s?ancestors('x')?size}${s?next_sibling}${s?previous_sibling}",
    "names of templates": "${s?absolute_template_name}${s?absolute_template_name('a')}${f?namespace.x}",
    "kinds": "${s?is_markup_output?c}${s?is_nan?c}${s?is_infinite?c}${s?is_collection_ex?c}${s?markup_string}${s?web_safe}",
    "truncating": "${s?truncate_m(3)}${s?truncate_c_m(3)}${s?truncate_w_m(3)}${s?truncate_m(3, 'x', 1)}",
    "variables": "${.auto_esc?c}${.caller_template_name}${.current_node}${.current_template_name}${.get_optional_template('x').exists?c}${.incompatible_improvements}${.locale_object}${.main_template_name}${.node}${.output_encoding}${.output_format}${.pass}${.template_name}${.url_escaping_charset}${.version}",
    "arguments of a macro": "<#macro m a>${.args.a}</#macro>",
    "settings": "<#setting url_escaping_charset='UTF-8'><#setting output_encoding='UTF-8'><#setting classic_compatible=true><#setting sql_date_and_time_time_zone='UTC'><#setting locale='de_DE'>",
    "regular expressions": "${s?matches('\\\\Ga(?d)b')?c}",
}
CASES = {name: f"<#if false>{text}</#if>ok" for name, text in _CONSTRUCTS.items()} | {
    "fallback": "<#macro m><#if false><#fallback></#if></#macro>ok",
    "call runs": "<#macro m a b=2>${a}${b}|</#macro><#call m(1, 3)><#call m 1>",
    "small tests": "${1?is_nan?c}${n?is_infinite?c}${xs?is_collection_ex?c}${1?is_markup_output?c}${'a'?is_markup_output?c}${'<&\"'?web_safe}",
    "json values": "<#assign j = '{\"a\": [1, 2.50, null, true, \"x\\\\u0041\"], \"b\": {}, \"c\": -3}'?eval_json>${j.a[0]} ${j.a[1]} ${(j.a[2])!'none'} ${j.a[3]?c} ${j.a[4]} ${j.b?size} ${j.c} ${j?keys?join(',')} ${'1'?eval_json + 1} ${'\"t\"'?eval_json} ${('null'?eval_json)!'null'}",
    "bad json": "<#list ['{', '[1,]', '{a: 1}', 'NaN', '1 2', '', '\"\\\\q\"'] as t><#attempt>${t?eval_json?is_string?c}<#recover>error</#attempt> </#list>",
    "character set of urls": "${'é/€'?url} ${'é'?url('ISO-8859-1')}<#setting url_escaping_charset='ISO-8859-1'> ${'é/x'?url} ${'é/x'?url_path} ${'é'?url('UTF-8')} ${.url_escaping_charset}",
}
