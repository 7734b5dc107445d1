{%- set own = "case when split_part(coupon.couponType, '-', 1) = '30' and coupon.skuId = numbered.line.skuId then "
    ~ money('coupon.couponPrice') ~ " end" %}
{%- set price_and_count = money('exploded.line.jdPrice') ~ ' desc, ' ~ money('exploded.line.itemTotal') ~ ' desc' %}

with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        latest.record.couponDetailList as coupons,
        {{ explode('latest.record.itemInfoList') }} as line
    from {{ ref('base_jd__orders') }} as latest
),

{# Where an order has an item on two lines, the item's promotion counts on the first alone: on both it would count twice. #}
numbered as (
    select
        exploded.*,
        {{ line_id_of('exploded.line.skuId', price_and_count, lines='exploded') }} as line_id
    from exploded
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        line_id,
        numbered.line.skuId as sku_id,
        numbered.line.wareId as product_id,
        numbered.line.skuName as product_name,
        'product' as line_class,
        {{ money('numbered.line.itemTotal') }} as quantity,
        cast({{ money('numbered.line.jdPrice') }} * {{ money('numbered.line.itemTotal') }} as decimal(18, 4)) as list_amount,
        cast(case when line_id = numbered.line.skuId then coalesce({{ array_sum('numbered.coupons', 'coupon', own) }}, 0) else 0 end as decimal(18, 4))
            as merchant_item_discount
    from numbered

    union all

    {# The buyer pays `serviceFee` beside goods, postage and tax, so it becomes a line of its own. #}
    select
        account_id,
        record_key as order_id,
        load_id,
        'service' as line_id,
        {{ null_as('text') }} as sku_id,
        {{ null_as('text') }} as product_id,
        'service' as product_name,
        'fee' as line_class,
        cast(1 as decimal(18, 4)) as quantity,
        {{ money('latest.record.serviceFee') }} as list_amount,
        cast(0 as decimal(18, 4)) as merchant_item_discount
    from {{ ref('base_jd__orders') }} as latest
    where {{ money('latest.record.serviceFee') }} > 0
)

select
    'jd' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    line_class,
    quantity,
    list_amount,
    merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    cast(list_amount - merchant_item_discount as decimal(18, 4)) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
