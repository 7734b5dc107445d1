{#-
  A configurable product has two rows, a parent with the money and a child without it, so only rows without a parent count. A bundle that
  is priced by its parts has no discount of its own: it is the sum of those of its parts.
-#}
{%- set discount = {} -%}
{%- for field in ['base_discount_amount', 'base_discount_tax_compensation_amount'] -%}
    {%- do discount.update({field: array_sum('items.all_items', 'part',
        'case when part.parent_item_id = items.item.item_id then ' ~ money('part.' ~ field) ~ ' end')}) -%}
{%- endfor -%}
{%- set wrapping = commerce_sum('latest.record', ['gw_base_price', 'gw_items_base_price', 'gw_card_base_price']) -%}
with

items as (
    select
        account_id,
        record_key as order_id,
        load_id,
        latest.record.state as order_state,
        latest.record.items as all_items,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_magento__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        items.item.item_id as line_id,
        items.item.product_id as product_id,
        nullif(items.item.sku, '') as sku_id,
        items.item.name as product_name,
        case when items.item.product_type = 'giftcard' then 'gift_card' else 'product' end as line_class,
        {{ money('items.item.qty_ordered') }} as ordered,
        {# Pieces cancelled before payment were never bought. An order cancelled as a whole keeps its lines: they show what was wanted. #}
        {{ money('items.item.qty_ordered') }} - case
            when order_state = 'canceled' then 0
            else coalesce({{ money('items.item.qty_canceled') }}, 0)
        end as quantity,
        {{ money('items.item.base_row_total') }} as list_amount,
        {# Where prices include tax, so does the discount. Its tax part is told as compensation and is taken out. #}
        case
            when coalesce({{ money('items.item.base_discount_amount') }}, 0) = 0
                then {{ discount.base_discount_amount }} - {{ discount.base_discount_tax_compensation_amount }}
            else {{ money('items.item.base_discount_amount') }}
                - coalesce({{ money('items.item.base_discount_tax_compensation_amount') }}, 0)
        end as discount,
        {# Fixed taxes on products stand beside the others. #}
        coalesce({{ money('items.item.base_tax_amount') }}, 0) + {{ fixed_product_tax('items.item', 'items.all_items') }} as line_tax
    from items
    where coalesce(items.item.parent_item_id, '') in ('', '0')
),

bought as (
    select
        account_id,
        order_id,
        load_id,
        line_id,
        product_id,
        sku_id,
        product_name,
        line_class,
        quantity,
        {%- for amount in ['list_amount', 'discount', 'line_tax'] %}
        case
            when quantity = ordered then {{ amount }}
            else cast(round(cast({{ amount }} as double) * cast(quantity as double) / cast(ordered as double), 4) as decimal(18, 4))
        end as {{ amount }}{{ ',' if not loop.last }}
        {%- endfor %}
    from lines
    where quantity > 0 or ordered is null or ordered = 0

    union all

    select
        account_id,
        record_key as order_id,
        load_id,
        'gift_wrap' as line_id,
        {{ null_as('text') }} as product_id,
        {{ null_as('text') }} as sku_id,
        'gift_wrap' as product_name,
        'fee' as line_class,
        1 as quantity,
        {{ wrapping }} as list_amount,
        0 as discount,
        0 as line_tax
    from {{ ref('base_magento__orders') }} as latest
    where {{ wrapping }} > 0
)

select
    'magento' as platform,
    bought.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    line_class,
    cast(quantity as decimal(18, 4)) as quantity,
    cast(list_amount as decimal(18, 4)) as list_amount,
    cast(discount as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    cast(list_amount - discount as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from bought
left join {{ source('raw_daybook', 'accounts') }} as account
    on bought.account_id = account.account_id
