{#- Amounts of a line are always without tax. Where prices include it (`taxesIncluded`), it is taken out. -#}
{%- set amount = '.shopMoney.amount' -%}

with

items as (
    select
        account_id,
        record_key as order_id,
        load_id,
        latest.record.taxesIncluded = 'true' as is_tax_included,
        {{ explode('latest.record.lineItems.nodes') }} as line
    from {{ ref('base_shopify__orders') }} as latest
),

priced as (
    select
        account_id,
        order_id,
        load_id,
        is_tax_included,
        items.line as line,
        {{ money('items.line.originalTotalSet' ~ amount) }} as listed,
        coalesce({{ array_sum('items.line.discountAllocations', 'part', money('part.allocatedAmountSet' ~ amount)) }}, 0)
            as discount,
        coalesce({{ array_sum('items.line.taxLines', 'tax', money('tax.priceSet' ~ amount)) }}, 0) as line_tax
    from items
),

bought as (
    select
        priced.account_id,
        priced.order_id,
        priced.load_id,
        priced.line,
        cast({{ money('priced.line.quantity') }} - coalesce(taken_off.quantity, 0) as decimal(18, 4)) as quantity,
        listed - case when is_tax_included then priced.line_tax else 0 end - coalesce(taken_off.list_amount, 0) as list_amount,
        priced.discount - coalesce(taken_off.discount, 0) as discount,
        priced.line_tax - coalesce(taken_off.line_tax, 0) as line_tax
    from priced
    left join {{ ref('base_shopify__taken_off') }} as taken_off
        on priced.account_id = taken_off.account_id
        and priced.order_id = taken_off.order_id
        and priced.line.id = taken_off.line_id
),

lines as (
    select
        account_id,
        order_id,
        load_id,
        replace(bought.line.id, 'gid://shopify/LineItem/', '') as line_id,
        bought.line.product.legacyResourceId as product_id,
        bought.line.variant.legacyResourceId as sku_id,
        bought.line.name as product_name,
        case when bought.line.isGiftCard = 'true' then 'gift_card' else 'product' end as line_class,
        quantity,
        list_amount,
        discount,
        line_tax
    from bought
    {# A line whose pieces were all taken off is left out. #}
    where quantity > 0 or list_amount <> 0

    {# Tips, duties and fees, which the buyer pays beside goods and postage, become lines of their own. #}
    {%- for name, field in {
        'tip': 'totalTipReceivedSet', 'duties': 'originalTotalDutiesSet', 'fees': 'originalTotalAdditionalFeesSet'
    }.items() %}

    union all

    select
        account_id,
        record_key as order_id,
        load_id,
        '{{ name }}' as line_id,
        {{ null_as('text') }} as product_id,
        {{ null_as('text') }} as sku_id,
        '{{ name }}' as product_name,
        'fee' as line_class,
        cast(1 as decimal(18, 4)) as quantity,
        {{ money('latest.record.' ~ field ~ amount) }} as list_amount,
        0 as discount,
        0 as line_tax
    from {{ ref('base_shopify__orders') }} as latest
    where {{ money('latest.record.' ~ field ~ amount) }} > 0
    {%- endfor %}
)

select
    'shopify' as platform,
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
    cast(list_amount as decimal(18, 4)) as list_amount,
    cast(discount as decimal(18, 4)) as merchant_item_discount,
    cast(0 as decimal(18, 4)) as line_platform_subsidy,
    cast(list_amount - discount as decimal(18, 4)) as line_amount,
    cast(line_tax as decimal(18, 4)) as line_tax,
    load_id
from lines
left join {{ source('raw_daybook', 'accounts') }} as account
    on lines.account_id = account.account_id
