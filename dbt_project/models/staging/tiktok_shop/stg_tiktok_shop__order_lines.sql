{#- TikTok has one line for each piece. The buyer pays `sale_price`, which is after the seller's and the platform's discounts. -#}
{%- set fees = [
    'retail_delivery_fee', 'small_order_fee', 'buyer_service_fee', 'handling_fee', 'shipping_insurance_fee', 'item_insurance_fee',
    'distance_fee', 'payment_discount_service_fee',
] -%}

with

items as (
    select
        account_id,
        record_key as order_id,
        load_id,
        latest.record.is_sample_order = 'true' as is_sample,
        {{ explode('latest.record.line_items') }} as item
    from {{ ref('base_tiktok_shop__orders') }} as latest
),

{#
  The document says of one of the fees that it is in `total_amount`, and of the others only that the buyer pays them. So the fees count only
  where their sum is what the total has beside goods, postage and tax.
#}
charged as (
    select
        account_id,
        record_key as order_id,
        load_id,
        {{ money('latest.record.payment.total_amount') }}
            - {{ money('latest.record.payment.sub_total') }}
            - coalesce({{ money('latest.record.payment.shipping_fee') }}, 0)
            - coalesce({{ money('latest.record.payment.tax') }}, 0) as in_total,
        {{ sum_of('latest.record.payment.', fees) }} as fees
    from {{ ref('base_tiktok_shop__orders') }} as latest
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        items.item.id as line_id,
        items.item.product_id as product_id,
        items.item.sku_id as sku_id,
        items.item.product_name as product_name,
        case when is_sample or items.item.is_gift = 'true' then 'sample' else 'product' end as line_class,
        coalesce({{ money('items.item.platform_discount') }}, 0) as subsidy,
        {{ money('items.item.sale_price') }} as paid,
        {{ money('items.item.original_price') }} as listed,
        coalesce({{ money('items.item.seller_discount') }}, 0) as discount,
        coalesce({{ array_sum('items.item.item_tax', 'tax', money('tax.tax_amount')) }}, 0) as line_tax
    from items

    union all

    select
        account_id,
        order_id,
        load_id,
        'fees' as line_id,
        {{ null_as('text') }} as product_id,
        {{ null_as('text') }} as sku_id,
        'fees' as product_name,
        'fee' as line_class,
        0 as subsidy,
        fees as paid,
        fees as listed,
        0 as discount,
        0 as line_tax
    from charged
    where fees > 0 and fees = in_total
)

select
    'tiktok_shop' as platform,
    lines.account_id,
    account.store_id,
    order_id,
    line_id,
    product_id,
    sku_id,
    product_name,
    {{ null_as('text') }} as category_path,
    line_class,
    cast(1 as decimal(18, 4)) as quantity,
    {# Without `original_price` the list price is the price paid plus both discounts. #}
    cast(coalesce(listed, paid + discount + subsidy) as decimal(18, 4)) as list_amount,
    cast(coalesce(listed, paid + discount + subsidy) - paid - subsidy as decimal(18, 4)) as merchant_item_discount,
    cast(subsidy as decimal(18, 4)) as line_platform_subsidy,
    cast(paid as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
