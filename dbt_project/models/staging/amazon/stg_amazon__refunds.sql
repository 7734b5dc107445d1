{#-
  A refund transaction shows the movements on the seller's account: what the buyer gets for goods, postage and tax is negative; the fees
  that Amazon gives back to the seller are positive and left out. What the buyer gets for gift wrapping and cash on delivery is in no part.
  Statuses: Finances API 2024-06-19, `transactionStatus`.
-#}
{%- set states = {'DEFERRED': 'success', 'RELEASED': 'success', 'DEFERRED_RELEASED': 'success'} -%}
{%- set name = amazon_breakdown() -%}
{%- set is_tax = name ~ " like '%tax%'" -%}
{%- set parts = {} -%}
{%- for part, condition in {
    'goods': amazon_is_goods(),
    'shipping': name ~ " like 'shipping%' and not " ~ is_tax,
    'fees': "(" ~ name ~ " like 'giftwrap%' or " ~ name ~ " like 'cod%charge') and not " ~ is_tax,
    'tax': is_tax ~ " and " ~ name ~ " not like '%withheld%' and " ~ name ~ " not like '%facilitator%'",
}.items() -%}
    {%- do parts.update({part: '-coalesce(' ~ array_sum('latest.record.items', 'item', array_sum('item.breakdowns', 'part',
        'case when ' ~ condition ~ ' then ' ~ money('part.breakdownAmount.currencyAmount') ~ ' else 0 end')) ~ ', 0)'}) -%}
{%- endfor -%}

with

identifiers as (
    select
        account_id,
        record_key,
        {{ explode('latest.record.relatedIdentifiers') }} as entry
    from {{ ref('base_amazon__refunds') }} as latest
),

related as (
    select
        account_id,
        record_key,
        max(case when identifiers.entry.relatedIdentifierName = 'ORDER_ID' then identifiers.entry.relatedIdentifierValue end)
            as order_id,
        {# A deferred refund comes a second time when it is released. Counting the release would count the refund twice. #}
        max(case when identifiers.entry.relatedIdentifierName = 'DEFERRED_TRANSACTION_ID' then 1 else 0 end) as is_release
    from identifiers
    group by account_id, record_key
),

items as (
    select
        account_id,
        record_key,
        {{ explode('latest.record.items') }} as item
    from {{ ref('base_amazon__refunds') }} as latest
),

contexts as (
    select
        account_id,
        record_key,
        {{ explode('items.item.contexts') }} as context
    from items
),

{# The SKU of a refund that is about one alone. Those of several SKUs are split in stg_amazon__refund_lines. #}
skus as (
    select
        account_id,
        record_key,
        min(contexts.context.sku) as sku_id
    from contexts
    where contexts.context.sku <> ''
    group by account_id, record_key
    having count(distinct contexts.context.sku) = 1
),

refunds as (
    select
        latest.account_id,
        latest.record_key as refund_id,
        skus.sku_id,
        latest.load_id,
        nullif(related.order_id, '') as order_id,
        coalesce(related.is_release, 0) as is_release,
        {{ translate('upper(latest.record.transactionStatus)', states) }} as refund_state,
        {{ parse_instant('latest.record.postedDate') }} as posted_at,
        nullif(latest.record.description, '') as reason,
        latest.record.totalAmount.currencyCode as currency,
        -{{ money('latest.record.totalAmount.currencyAmount') }} as total,
        {{ parts['goods'] }} as goods,
        {{ parts['shipping'] }} as shipping,
        {{ parts['fees'] }} as fees,
        {# Without the lines of tax that Amazon withholds and pays itself: they would count that tax a second time. #}
        {{ parts['tax'] }} as tax
    from {{ ref('base_amazon__refunds') }} as latest
    left join related
        on latest.account_id = related.account_id and latest.record_key = related.record_key
    left join skus
        on latest.account_id = skus.account_id and latest.record_key = skus.record_key
)

select
    'amazon' as platform,
    refunds.account_id,
    account.store_id,
    refund_id,
    order_id,
    {# Amazon names the SKU and not the order line; the marts find the line by its SKU. #}
    sku_id as line_id,
    refund_state,
    'other' as refund_type,
    posted_at as requested_at,
    case when refund_state = 'success' then posted_at end as refunded_at,
    cast(case when goods + shipping + fees + tax <> 0 then goods + shipping + fees + tax else total end as decimal(18, 4)) as refund_amount,
    case when goods + shipping + fees + tax <> 0 then cast(goods as decimal(18, 4)) end as refund_goods,
    case when goods + shipping + fees + tax <> 0 then cast(shipping as decimal(18, 4)) end as refund_shipping,
    case when goods + shipping + fees + tax <> 0 then cast(tax as decimal(18, 4)) end as refund_tax,
    {{ null_as('decimal(18, 4)') }} as quantity,
    reason,
    {{ null_as('boolean') }} as is_disputed,
    {{ null_as('boolean') }} as is_platform_decided,
    coalesce(refunds.currency, account.currency) as currency,
    load_id
from refunds
left join {{ source('raw_daybook', 'accounts') }} as account
    on refunds.account_id = account.account_id
where is_release = 0
