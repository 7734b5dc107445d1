{# Whether a return of Suning's says, by its word or its number, that the money was given back. #}
{% macro suning_return_succeeded(said) -%}
    ({{ said }} = '8' or ({{ said }} like '%成功%' or {{ said }} like '%完成%') and {{ said }} not like '%未%' and {{ said }} not like '%不成功%')
{%- endmacro %}
