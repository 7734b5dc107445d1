with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.orderDetail') }} as line
    from {{ ref('base_suning__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.orderLineNumber as line_id,
        exploded.line.productCode as product_id,
        exploded.line.productName as product_name,
        {{ money('exploded.line.saleNum') }} as quantity,
        cast({{ money('exploded.line.unitPrice') }} * {{ money('exploded.line.saleNum') }} as decimal(18, 4)) as list_amount,
        {{ money('exploded.line.payAmount') }} as line_amount,
        coalesce({{ money('exploded.line.vouchertotalMoney') }}, 0) as line_platform_subsidy
    from exploded
)

select
    'suning' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    {{ null_as('text') }} as sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    'product' as line_class,
    quantity,
    list_amount,
    {# The buyer pays `payAmount` and the platform `vouchertotalMoney`; the rest of the list price is the merchant's discount. #}
    cast(list_amount - line_platform_subsidy - line_amount as decimal(18, 4)) as merchant_item_discount,
    cast(line_platform_subsidy as decimal(18, 4)) as line_platform_subsidy,
    cast(line_amount as decimal(18, 4)) as line_amount,
    cast(0 as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
