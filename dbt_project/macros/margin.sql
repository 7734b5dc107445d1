{# What a merchant has said of a store in a setting: {store: value, default: value}, as an expression over store_id. #}
{% macro said_of_store(setting, otherwise) -%}
    coalesce(
        {%- for store, value in setting.items() if store != 'default' %}
        case when store_id = '{{ store }}' then {{ value }} end,
        {%- endfor %}
        {{ setting.get('default', otherwise) }}, null
    )
{%- endmacro %}


{# An amount without the tax that is in the store's prices (tax charged on top never is in goods). #}
{% macro without_tax(amount) -%}
    cast(cast({{ amount }} as double) / (1 + {{ said_of_store(var('tax_in_prices'), 0) }}) as decimal(18, 2))
{%- endmacro %}


{# What an order costs beside its goods, in the reporting currency: a share of what was paid, and so much an order. Null where it is not said. #}
{% macro costs_of_an_order(paid) -%}
    {%- set shares, fixed = {}, {} -%}
    {%- for store, costs in var('order_costs').items() -%}
        {%- do shares.update({store: costs.get('share_of_paid', 0)}) -%}
        {%- do fixed.update({store: costs.get('per_order', 0)}) -%}
    {%- endfor -%}
    cast({{ paid }} * {{ said_of_store(shares, 'null') }} + {{ said_of_store(fixed, 'null') }} as decimal(18, 4))
{%- endmacro %}
