{#-
  The total of fees and taxes is TikTok's own. What of it affiliates had, what was only set aside, advertising and tax are told apart; the
  rest is TikTok's, whatever it is called. Amounts that are taken are negative, and add up with the revenue to what is settled; the page's
  formula takes them off instead, so where only that comes out they are positive.
-#}
{%- set of_affiliates, left_out, taxes = tiktok_shop_fees() -%}
{%- set fee = 'settled.entry.fee_tax_breakdown.fee.' -%}

with

settled as (
    select
        account_id,
        load_id,
        {{ epoch_time('latest.record.statement_time') }} as settled_at,
        latest.record.currency as currency,
        {{ explode('latest.record.transactions') }} as entry
    from {{ ref('base_tiktok_shop__settlements') }} as latest
),

amounts as (
    select
        account_id,
        load_id,
        settled_at,
        currency,
        settled.entry.id as settlement_id,
        nullif(settled.entry.order_id, '') as order_id,
        {%- for name in ['revenue', 'settlement', 'shipping_cost', 'fee_tax', 'adjustment'] %}
        coalesce({{ money('settled.entry.' ~ name ~ '_amount') }}, 0) as {{ name }},
        {%- endfor %}
        {{ sum_of(fee, of_affiliates) }} as of_affiliates,
        {{ sum_of(fee, left_out) }} as left_out,
        {{ sum_of('settled.entry.fee_tax_breakdown.tax.', taxes) }} as taxes
    from settled
),

signed as (
    select
        *,
        case
            when revenue - shipping_cost - fee_tax - adjustment = settlement
                and revenue + shipping_cost + fee_tax + adjustment <> settlement then 1
            else -1
        end as direction
    from amounts
)

select
    'tiktok_shop' as platform,
    signed.account_id,
    account.store_id,
    settlement_id,
    order_id,
    settled_at,
    cast(direction * of_affiliates as decimal(18, 4)) as affiliate_commission,
    cast(direction * (fee_tax - of_affiliates - left_out - taxes) as decimal(18, 4)) as fees_platform,
    coalesce(nullif(signed.currency, ''), account.currency) as currency,
    load_id
from signed
left join {{ source('raw_daybook', 'accounts') }} as account
    on signed.account_id = account.account_id
