with

exploded as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ explode('latest.record.sku_order_list') }} as line
    from {{ ref('base_doudian__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        exploded.line.order_id as line_id,
        coalesce(nullif(exploded.line.product_id_str, ''), exploded.line.product_id) as product_id,
        nullif(nullif(exploded.line.sku_id, ''), '0') as sku_id,
        exploded.line.product_name as product_name,
        nullif(exploded.line.first_cid, '0') as category_path,
        case when nullif(exploded.line.given_product_type, '') is not null then 'sample' else 'product' end as line_class,
        {{ money('exploded.line.item_num') }} as quantity,
        cast({{ hundredths('exploded.line.origin_amount') }} * {{ money('exploded.line.item_num') }} as decimal(18, 4))
            as list_amount,
        {# The seller's part: promotions, and a price changed by hand (`modify_amount` is negative when the price was lowered). #}
        coalesce({{ hundredths('exploded.line.promotion_shop_amount') }}, 0)
            - coalesce({{ hundredths('exploded.line.modify_amount') }}, 0) as merchant_item_discount,
        {# The part that others paid: the platform, the author of the live room, the payment channel. #}
        coalesce({{ hundredths('exploded.line.promotion_platform_amount') }}, 0)
            + coalesce({{ hundredths('exploded.line.promotion_talent_amount') }}, 0)
            + coalesce({{ hundredths('exploded.line.promotion_pay_amount') }}, 0) as line_platform_subsidy,
        coalesce({{ hundredths('exploded.line.tax_amount') }}, 0) as line_tax
    from exploded
)

select
    'doudian' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    category_path,
    line_class,
    quantity,
    list_amount,
    cast(merchant_item_discount as decimal(18, 4)) as merchant_item_discount,
    cast(line_platform_subsidy as decimal(18, 4)) as line_platform_subsidy,
    cast(list_amount - merchant_item_discount - line_platform_subsidy as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
