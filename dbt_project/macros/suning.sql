{# Whether the words of a return of Suning's say that the money was given back. #}
{% macro suning_return_succeeded(said) -%}
    (({{ said }} like '%成功%' or {{ said }} like '%完成%') and {{ said }} not like '%未%' and {{ said }} not like '%不成功%')
{%- endmacro %}
