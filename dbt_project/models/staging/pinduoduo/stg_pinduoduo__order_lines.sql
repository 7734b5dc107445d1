with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {# What a buyer pays later for a faster parcel of another order (补差价) comes as an order with an item of its own. #}
        case when latest.record.ship_additional_origin_order <> '' then 'shipping' else 'product' end as line_class,
        {{ explode('latest.record.item_list') }} as line
    from {{ ref('base_pinduoduo__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        line_class,
        exploded.line.sku_id as sku_id,
        exploded.line.goods_id as product_id,
        exploded.line.goods_name as product_name,
        {{ money('exploded.line.goods_count') }} as quantity,
        cast({{ money('exploded.line.goods_price') }} * {{ money('exploded.line.goods_count') }} as decimal(18, 4))
            as list_amount
    from exploded
)

select
    'pinduoduo' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    {{ line_id_of('sku_id', 'list_amount desc, quantity desc') }} as line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    line_class,
    quantity,
    list_amount,
    {# Discounts are told for the whole order only (stg_pinduoduo__orders). #}
    cast(0 as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    list_amount as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
