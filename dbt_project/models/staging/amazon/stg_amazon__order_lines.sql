{#- The breakdowns of an item hold postage, its tax and its discounts, too. Those belong to the order and are taken out of the line. -#}
{%- set of_postage = array_sum('part.detailedBreakdowns', 'detail',
    "case when detail.subtype = 'SHIPPING' then abs(" ~ money('detail.value.amount') ~ ") else 0 end") -%}
{%- set subtotal = money('part.subtotal.amount') -%}
{%- set parts = {} -%}
{%- for type, amount in {
    'ITEM': subtotal,
    'DISCOUNT': 'abs(' ~ subtotal ~ ') - coalesce(' ~ of_postage ~ ', 0)',
    'TAX': subtotal ~ ' - coalesce(' ~ of_postage ~ ', 0)',
}.items() -%}
    {%- do parts.update({type: 'coalesce(' ~ array_sum('items.item.proceeds.breakdowns', 'part',
        "case when part.type = '" ~ type ~ "' then " ~ amount ~ " else 0 end") ~ ', 0)'}) -%}
{%- endfor -%}

with

items as (
    select
        account_id,
        record_key as order_id,
        load_id,
        coalesce(latest.record.fulfillment.fulfillmentStatus in ('UNSHIPPED', 'PARTIALLY_SHIPPED', 'SHIPPED'), false) as is_sold,
        {{ explode('latest.record.orderItems') }} as item
    from {{ ref('base_amazon__orders') }} as latest
),

{# Once an order is sold, only the pieces that were sent or are still to be sent count: cancelled pieces are in neither number. #}
counted as (
    select
        *,
        case
            when is_sold
                then least(
                    coalesce({{ money('items.item.quantityOrdered') }}, 0),
                    coalesce(
                        {{ money('items.item.fulfillment.quantityFulfilled') }}
                        + {{ money('items.item.fulfillment.quantityUnfulfilled') }},
                        {{ money('items.item.quantityOrdered') }}, 0
                    )
                )
            else coalesce({{ money('items.item.quantityOrdered') }}, 0)
        end as pieces
    from items
),

charges as (
    select
        account_id,
        order_id,
        load_id,
        items.item.orderItemId as item_id,
        {{ explode('items.item.proceeds.breakdowns') }} as part
    from items
),

{# Amazon charges a delivery tip after the delivery, on the order and not on an item. A PENDING tip is in no total. #}
tips as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ array_sum('latest.record.proceeds.breakdowns', 'part', "case when part.type = 'DELIVERY_TIP' and "
            "coalesce(part.status, '') <> 'PENDING' then " ~ subtotal ~ " else 0 end") }} as amount
    from {{ ref('base_amazon__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        items.item.orderItemId as line_id,
        items.item.product.asin as product_id,
        items.item.product.sellerSku as sku_id,
        items.item.product.title as product_name,
        'product' as line_class,
        pieces as quantity,
        {# The items of a pending order have a `unitPrice` and no breakdowns yet. #}
        case
            when {{ array_length('items.item.proceeds.breakdowns') }} > 0 then {{ parts['ITEM'] }}
            else coalesce({{ money('items.item.product.price.unitPrice.amount') }} * pieces, 0)
        end as list_amount,
        {{ parts['DISCOUNT'] }} as discount,
        {{ parts['TAX'] }} as line_tax
    from counted as items
    where not is_sold or pieces > 0 or {{ parts['ITEM'] }} <> 0

    union all

    select
        account_id,
        order_id,
        load_id,
        concat(item_id, '-', lower(charges.part.type)) as line_id,
        {{ null_as('text') }} as product_id,
        {{ null_as('text') }} as sku_id,
        lower(charges.part.type) as product_name,
        'fee' as line_class,
        cast(1 as decimal(18, 4)) as quantity,
        sum({{ money('charges.part.subtotal.amount') }}) as list_amount,
        0 as discount,
        0 as line_tax
    from charges
    where charges.part.type in ('GIFT_WRAP', 'COD_FEE', 'OTHER')
    group by account_id, order_id, load_id, item_id, charges.part.type

    union all

    select
        account_id,
        order_id,
        load_id,
        'delivery_tip' as line_id,
        {{ null_as('text') }} as product_id,
        {{ null_as('text') }} as sku_id,
        'delivery_tip' as product_name,
        'fee' as line_class,
        cast(1 as decimal(18, 4)) as quantity,
        amount as list_amount,
        0 as discount,
        0 as line_tax
    from tips
    where amount <> 0
)

select
    'amazon' as platform,
    lines.account_id,
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
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
