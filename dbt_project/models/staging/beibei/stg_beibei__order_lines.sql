with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.item') }} as line
    from {{ ref('base_beibei__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.sku_id as sku_id,
        exploded.line.iid as product_id,
        exploded.line.title as product_name,
        {{ money('exploded.line.num') }} as quantity,
        cast({{ money('exploded.line.price') }} * {{ money('exploded.line.num') }} as decimal(18, 4)) as list_amount,
        {{ money('exploded.line.subtotal') }} as subtotal
    from exploded
)

select
    'beibei' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    {{ line_id_of('sku_id', 'subtotal desc, list_amount desc, quantity desc') }} as line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    list_amount,
    cast(list_amount - coalesce(subtotal, list_amount) as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    cast(coalesce(subtotal, list_amount) as decimal(18, 4)) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
