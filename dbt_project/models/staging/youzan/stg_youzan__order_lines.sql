with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.full_order_info.orders') }} as line
    from {{ ref('base_youzan__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.oid as line_id,
        exploded.line.item_id as product_id,
        exploded.line.sku_id as sku_id,
        exploded.line.title as product_name,
        exploded.line.item_type as item_type,
        {{ money('exploded.line.num') }} as quantity,
        cast({{ money('exploded.line.price') }} * {{ money('exploded.line.num') }} as decimal(18, 4)) as list_amount,
        {{ money('exploded.line.total_fee') }} as line_amount
    from exploded
)

select
    'youzan' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    nullif(sku_id, '0') as sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    case when item_type = '21' then 'gift_card' else 'product' end as line_class,
    quantity,
    list_amount,
    cast(list_amount - coalesce(line_amount, list_amount) as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    cast(coalesce(line_amount, list_amount) as decimal(18, 4)) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
