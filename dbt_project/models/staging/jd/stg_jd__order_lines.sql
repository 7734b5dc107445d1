{%- set own = "case when coupon.couponType = '30' and coupon.skuId = exploded.line.skuId then " ~ money('coupon.couponPrice') ~ " end" %}

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

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.skuId as line_id,
        exploded.line.skuId as sku_id,
        exploded.line.wareId as product_id,
        exploded.line.skuName as product_name,
        'product' as line_class,
        {{ money('exploded.line.itemTotal') }} as quantity,
        cast({{ money('exploded.line.jdPrice') }} * {{ money('exploded.line.itemTotal') }} as decimal(18, 4)) as list_amount,
        cast(coalesce({{ array_sum('exploded.coupons', 'coupon', own) }}, 0) as decimal(18, 4)) as merchant_item_discount
    from exploded

    union all

    {# What the buyer pays besides goods, postage and tax is a line of its own. #}
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
