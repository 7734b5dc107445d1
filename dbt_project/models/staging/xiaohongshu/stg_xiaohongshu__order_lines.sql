with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.skuList') }} as line
    from {{ ref('base_xiaohongshu__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.skuId as sku_id,
        exploded.line.skuName as product_name,
        case when exploded.line.skuTag = '1' then 'sample' else 'product' end as line_class,
        {{ money('exploded.line.skuQuantity') }} as quantity,
        {{ hundredths('exploded.line.totalPaidAmount') }} as line_amount,
        coalesce({{ hundredths('exploded.line.totalMerchantDiscount') }}, 0) as merchant_item_discount,
        coalesce({{ hundredths('exploded.line.totalRedDiscount') }}, 0) as line_platform_subsidy,
        coalesce({{ hundredths('exploded.line.totalTaxAmount') }}, 0) as line_tax
    from exploded
)

select
    'xiaohongshu' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    {{ line_id_of('sku_id', 'line_class, line_amount desc, quantity desc') }} as line_id,
    sku_id as product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    line_class,
    quantity,
    cast(line_amount + merchant_item_discount + line_platform_subsidy as decimal(18, 4)) as list_amount,
    cast(merchant_item_discount as decimal(18, 4)) as merchant_item_discount,
    cast(line_platform_subsidy as decimal(18, 4)) as line_platform_subsidy,
    cast(line_amount as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
