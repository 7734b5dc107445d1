{{ config(**rebuilt(["{{ in_changed_orders('held') }}"])) }}
select
    platform,
    account_id,
    store_id,
    order_id,
    line_id,
    buyer_key,
    product_id,
    sku_id,
    product_name,
    category_path,
    line_class,
    is_carrier,
    exclude_reason,
    created_date,
    paid_date,
    currency,
    quantity,
    units,
    {%- for name in ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid', 'shipping_charged', 'tax',
        'other_charged', 'gift_cards_sold', 'accounting_adjustments'] %}
    cast({{ name }}_orig as decimal(18, 2)) as {{ name }}_orig,
    {%- endfor %}
    cast(goods_paid_store as decimal(18, 2)) as goods_paid_store,
    {%- for name in ['list_amount', 'merchant_discount', 'platform_subsidy', 'goods_paid'] %}
    cast({{ name }} as decimal(18, 2)) as {{ name }}
    {{- "," if not loop.last }}
    {%- endfor %}
from {{ ref('int_order_lines') }}
